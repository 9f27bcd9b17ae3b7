import { Deferred } from './deferred.js';

/** Something that many callers wait for: while it is open all pass at once, while it is shut they wait. Begins open. */
export class Gate {
  #shut: Deferred<void> | undefined;

  get isOpen(): boolean {
    return this.#shut === undefined;
  }

  shut(): void {
    this.#shut ??= new Deferred();
  }

  open(): void {
    this.#shut?.resolve();
    this.#shut = undefined;
  }

  wait(): Promise<void> {
    return this.#shut?.promise ?? Promise.resolve();
  }
}
