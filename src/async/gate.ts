import { Deferred } from './deferred.js';

/** A gate for any number of callers: they pass at once while it is open, and wait while it is shut. Initially open. */
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
