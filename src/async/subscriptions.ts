import { EventEmitter } from 'eventemitter3';
import { onAbort } from './on-abort.js';

type Listener = (...payload: never[]) => void;

/** Options of a subscription. */
export interface ListenerOptions {
  /** Unsubscribes the listener when it aborts; one that has aborted already subscribes nothing. */
  readonly signal?: AbortSignal;
}

/** A subscription that a signal can end. */
interface Linked {
  readonly name: string;
  readonly listener: Listener;
  end(): void;
}

/** The listeners of events, each until it is unsubscribed or its signal aborts. */
export class Subscriptions {
  readonly #emitter = new EventEmitter();
  readonly #linked = new Set<Linked>();

  emit(name: string, ...payload: readonly unknown[]): void {
    this.#emitter.emit(name, ...payload);
  }

  on(name: string, listener: Listener, { signal }: ListenerOptions = {}): void {
    if (signal === undefined) this.#emitter.on(name, listener as () => void);
    else this.#link(name, listener, signal, false);
  }

  once(name: string, listener: Listener, { signal }: ListenerOptions = {}): void {
    if (signal === undefined) this.#emitter.once(name, listener as () => void);
    else this.#link(name, listener, signal, true);
  }

  /** Unsubscribes `listener`, or every listener of `name`. */
  off(name: string, listener?: Listener): void {
    this.#emitter.off(name, listener as (() => void) | undefined);
    this.#end((linked) => linked.name === name && (listener === undefined || linked.listener === listener));
  }

  removeAll(): void {
    this.#emitter.removeAllListeners();
    this.#end(() => true);
  }

  /** The function is of this subscription alone, because the same listener may be subscribed with another signal. */
  #link(name: string, listener: Listener, signal: AbortSignal, isOnce: boolean): void {
    if (signal.aborted) return;
    const call = (...payload: never[]) => {
      if (isOnce) linked.end();
      listener(...payload);
    };
    const linked = {
      name,
      listener,
      end: () => {
        this.#linked.delete(linked);
        // A signal may outlive many subscriptions.
        unlink();
        this.#emitter.off(name, call as () => void);
      },
    };
    const unlink = onAbort(signal, linked.end);
    this.#linked.add(linked);
    this.#emitter.on(name, call as () => void);
  }

  #end(isMeant: (linked: Linked) => boolean): void {
    for (const linked of [...this.#linked]) if (isMeant(linked)) linked.end();
  }
}
