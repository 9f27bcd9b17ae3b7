import type { ManagerStore } from 'clusterflux/manager';

/** A store that can be made to hang: from then on its calls never settle. */
export interface HangingStore {
  readonly store: ManagerStore;
  hang(): void;
  /** Resolves when the next call hangs. */
  nextCall(): Promise<void>;
}

/** `inner`, until it is made to hang. It is still closed as it should be. */
export function hangingStore(inner: ManagerStore): HangingStore {
  let hangs = false;
  let wake = () => {};
  const store = new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (!hangs || name === 'close') return value.apply(target, args);
        wake();
        return new Promise(() => {});
      };
    },
  });
  return {
    store,
    hang() {
      hangs = true;
    },
    nextCall: () =>
      new Promise((resolve) => {
        wake = resolve;
      }),
  };
}
