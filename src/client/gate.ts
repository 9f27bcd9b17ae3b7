/** Something that many wait for: while it is open all pass at once, while it is shut they wait. Begins open. */
export class Gate {
  #shut: { readonly opened: Promise<void>; readonly open: () => void } | undefined;

  get isOpen(): boolean {
    return this.#shut === undefined;
  }

  shut(): void {
    if (this.#shut) return;
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#shut = { opened, open };
  }

  open(): void {
    this.#shut?.open();
    this.#shut = undefined;
  }

  wait(): Promise<void> {
    return this.#shut?.opened ?? Promise.resolve();
  }
}
