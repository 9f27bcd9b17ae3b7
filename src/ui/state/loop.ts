import { whenReachable, whenVisible, whileVisible } from './connection.js';
import { wanted } from './session.js';

/** The pauses of a loop, which {@link end} cuts short. */
export class Pause {
  #wake: (() => void) | undefined;
  #isEnded = false;

  /** Resolves after `ms`, or when the pause is ended: also if that was while the loop was at work. */
  async for(ms: number): Promise<void> {
    if (!this.#isEnded)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.#isEnded = false;
    this.#wake = undefined;
  }

  /** Ends the present pause, or the next one: what the loop is reading may be old already. */
  end(): void {
    this.#isEnded = true;
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
