import { type ListenerOptions, Subscriptions } from '../../async/subscriptions.js';
import { throwUncaught } from '../../async/throw-uncaught.js';
import { checkListener } from '../../check-arguments.js';
import { optionsCheck } from '../../check-options.js';
import { signal } from '../../value-kinds.js';
import { type CfluxEventName, type CfluxEvents, cfluxEventNames, type Emit } from './events.js';

type Listener<Name extends CfluxEventName> = (...payload: CfluxEvents[Name]) => void;

const checkOptions = {
  on: optionsCheck<ListenerOptions>('on', { signal }),
  once: optionsCheck<ListenerOptions>('once', { signal }),
};

/** Subscriptions of one client: a listener that throws disturbs neither other listeners nor the emitting loop (R14). */
export class EventHub {
  readonly #subscriptions = new Subscriptions();
  readonly #guarded = new WeakMap<object, (...payload: unknown[]) => void>();

  readonly emit: Emit = (name, ...payload) => {
    this.#subscriptions.emit(name, ...payload);
  };

  on<Name extends CfluxEventName>(name: Name, listener: Listener<Name>, options: ListenerOptions = {}): void {
    this.#check('on', name, listener, options);
    this.#subscriptions.on(name, this.#guard(listener), options);
  }

  once<Name extends CfluxEventName>(
    name: Name,
    listener: Listener<Name>,
    options: ListenerOptions = {},
  ): void {
    this.#check('once', name, listener, options);
    this.#subscriptions.once(name, this.#guard(listener), options);
  }

  off<Name extends CfluxEventName>(name: Name, listener?: Listener<Name>): void {
    this.#subscriptions.off(name, listener && this.#guard(listener));
  }

  #check(method: 'on' | 'once', name: unknown, listener: unknown, options: ListenerOptions): void {
    checkListener(method, cfluxEventNames, name, listener);
    checkOptions[method](options);
  }

  removeAll(): void {
    this.#subscriptions.removeAll();
  }

  /** Returns the same guard for the same listener, so that `off` finds it. */
  #guard<Name extends CfluxEventName>(listener: Listener<Name>): (...payload: unknown[]) => void {
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
