import { whenReachable, whenVisible, whileVisible } from './connection.js';
import { wanted } from './session.js';

/** Resolves after `ms`, or when `wake` of the returned function is called. */
export class Pause {
  #wake: (() => void) | undefined;

  for(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends the pause, if there is one. */
  end(): void {
    this.#wake?.();
  }
}

/** Runs `round` again and again for as long as the page lives, while it is visible, signed in, and the manager responds. */
export async function forever(round: (signal: AbortSignal) => Promise<void>): Promise<never> {
  for (;;) {
    await whenVisible();
    await whenReachable();
    await signedIn();
    const { signal, end } = whileVisible();
    try {
      await round(signal);
    } catch (error) {
      // The connection noted the failure; anything else must not become a busy loop.
      if (!signal.aborted) await new Pause().for(1_000);
      if (!(error instanceof Error)) throw error;
    } finally {
      end();
    }
  }
}

async function signedIn(): Promise<void> {
  while (wanted.value !== undefined)
    await new Promise<void>((resolve) => {
      const unsubscribe = wanted.subscribe((reason) => {
        if (reason !== undefined) return;
        // The subscription calls back before it returns.
        queueMicrotask(() => unsubscribe());
        resolve();
      });
    });
}
