import { type ListenerOptions, Subscriptions } from './async/subscriptions.js';
import { throwUncaught } from './async/throw-uncaught.js';
import { checkListener } from './check-arguments.js';
import { optionsCheck } from './check-options.js';
import { signal } from './value-kinds.js';

/** The payloads of events, by their names. */
type Payloads<Events> = { readonly [Name in keyof Events]: unknown[] };

type Listener<Payload extends unknown[]> = (...payload: Payload) => void;

/** What an object lets its users do with its events. */
export type Subscribable<Events extends Payloads<Events>> = Pick<EventHub<Events>, 'on' | 'once' | 'off'>;

const checkOptions = {
  on: optionsCheck<ListenerOptions>('on', { signal }),
  once: optionsCheck<ListenerOptions>('once', { signal }),
};

/** The events of one object: a listener that throws disturbs neither other listeners nor the code that emits (R14). */
export class EventHub<Events extends Payloads<Events>> {
  readonly #names: readonly string[];
  readonly #subscriptions = new Subscriptions();
  readonly #guarded = new WeakMap<object, (...payload: unknown[]) => void>();

  constructor(names: readonly (keyof Events)[]) {
    this.#names = names.map(String);
  }

  readonly emit = <Event extends keyof Events>(name: Event, ...payload: Events[Event]): void => {
    this.#subscriptions.emit(String(name), ...payload);
  };

  on<Event extends keyof Events>(
    name: Event,
    listener: Listener<Events[Event]>,
    options: ListenerOptions = {},
  ): void {
    this.#check('on', name, listener, options);
    this.#subscriptions.on(String(name), this.#guard(listener), options);
  }

  once<Event extends keyof Events>(
    name: Event,
    listener: Listener<Events[Event]>,
    options: ListenerOptions = {},
  ): void {
    this.#check('once', name, listener, options);
    this.#subscriptions.once(String(name), this.#guard(listener), options);
  }

  off<Event extends keyof Events>(name: Event, listener?: Listener<Events[Event]>): void {
    this.#subscriptions.off(String(name), listener && this.#guard(listener));
  }

  removeAll(): void {
    this.#subscriptions.removeAll();
  }

  #check(method: 'on' | 'once', name: unknown, listener: unknown, options: ListenerOptions): void {
    checkListener(method, this.#names, name, listener);
    checkOptions[method](options);
  }

  /** Returns the same guard for the same listener, so that `off` finds it. */
  #guard<Payload extends unknown[]>(listener: Listener<Payload>): (...payload: unknown[]) => void {
    const known = this.#guarded.get(listener);
    if (known) return known;
    const guard = (...payload: unknown[]) => {
      try {
        (listener as (...payload: unknown[]) => void)(...payload);
      } catch (error) {
        throwUncaught(error);
      }
    };
    this.#guarded.set(listener, guard);
    return guard;
  }
}
