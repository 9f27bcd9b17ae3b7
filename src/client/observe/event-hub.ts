import { EventEmitter } from 'eventemitter3';
import { throwUncaught } from '../../async/throw-uncaught.js';
import { checkListener } from '../../check-arguments.js';
import { type CfluxEventName, type CfluxEvents, cfluxEventNames, type Emit } from './events.js';

type Listener<Name extends CfluxEventName> = (...payload: CfluxEvents[Name]) => void;

/** Subscriptions of one client: a listener that throws disturbs neither other listeners nor the emitting loop (R14). */
export class EventHub {
  readonly #emitter = new EventEmitter();
  readonly #guarded = new WeakMap<object, (...payload: unknown[]) => void>();

  readonly emit: Emit = (name, ...payload) => {
    this.#emitter.emit(name, ...payload);
  };

  on<Name extends CfluxEventName>(name: Name, listener: Listener<Name>): void {
    this.#check('on', name, listener);
    this.#emitter.on(name, this.#guard(listener));
  }

  once<Name extends CfluxEventName>(name: Name, listener: Listener<Name>): void {
    this.#check('once', name, listener);
    this.#emitter.once(name, this.#guard(listener));
  }

  off<Name extends CfluxEventName>(name: Name, listener?: Listener<Name>): void {
    this.#emitter.off(name, listener && this.#guard(listener));
  }

  #check(method: string, name: unknown, listener: unknown): void {
    checkListener(method, cfluxEventNames, name, listener);
  }

  removeAll(): void {
    this.#emitter.removeAllListeners();
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
