import { signal } from '@preact/signals';

export interface Notice {
  readonly id: number;
  readonly text: string;
}

const most = 5;

/** What happened and needs no decision; the reader dismisses it. */
class Notices {
  readonly shown = signal<readonly Notice[]>([]);
  #next = 1;

  add(text: string): void {
    if (this.shown.value.some((notice) => notice.text === text)) return;
    this.shown.value = [...this.shown.value, { id: this.#next++, text }].slice(-most);
  }

  dismiss(id: number): void {
    this.shown.value = this.shown.value.filter((notice) => notice.id !== id);
  }
}

export const notices = new Notices();
