import type { Agent } from 'undici';
import { Deferred } from '../async/deferred.js';
import type { TlsValues } from '../tls-credentials.js';

export interface SocketOptions {
  readonly tls: (TlsValues & { readonly servername?: string | undefined }) | undefined;
  readonly connectTimeout: number;
}

/** Connections that are opened and closed together. */
export interface Sockets {
  /** What the options of a `fetch` over these connections need. Untyped, because undici's declarations differ from those of Node. */
  readonly options: object;
  /** Runs a request over them. */
  run<T>(request: () => Promise<T>): Promise<T>;
  /** Closes them when their requests have ended. */
  close(): Promise<void>;
  /** Closes them at once. Pending and later requests reject. */
  destroy(): Promise<void>;
}

/** Opens connections of undici, whose own limits of 300 s are disabled, because they would end a poll before its wait is over. */
export function undiciSockets(Undici: typeof Agent, { tls, connectTimeout }: SocketOptions): Sockets {
  const connect = { timeout: connectTimeout, ...tls };
  const agent = new Undici({ headersTimeout: 0, bodyTimeout: 0, connect });
  return {
    options: { dispatcher: agent },
    run: (request) => request(),
    close: () => agent.close(),
    destroy: () => agent.destroy(),
  };
}

/**
 * Uses the connections of a runtime whose `fetch` has its own, as Bun's has, which also replaces `undici` by a module without them. They
 * cannot be closed from here: the runtime closes the idle ones, and `connectTimeout` is the runtime's.
 */
export function runtimeSockets({ tls }: SocketOptions): Sockets {
  const pending = new Set<Deferred<never>>();
  let isDestroyed = false;
  return {
    // Bun's names. Its limit of 300 s is disabled, as undici's is.
    options: { timeout: false, ...(tls === undefined ? {} : { tls }) },
    async run(request) {
      if (isDestroyed) throw destroyed();
      const ended = new Deferred<never>();
      pending.add(ended);
      try {
        return await Promise.race([request(), ended.promise]);
      } finally {
        pending.delete(ended);
      }
    },
    close: async () => {},
    destroy: async () => {
      isDestroyed = true;
      for (const { reject } of pending) reject(destroyed());
    },
  };
}

const destroyed = () => new Error('the connections were closed');
