import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../../clock.js';
import type { Upstream } from '../proxy/upstream.js';

/**
 * Whether the server requires credentials. `founding`: it does, and has no user yet, so that it only allows to create its first
 * administrator. `unknown`: it does not respond, or not as InfluxDB; this counts as required.
 */
export type AuthenticationMode = 'off' | 'on' | 'founding' | 'unknown';

export interface ServerAuthenticationParts {
  readonly upstream: Upstream;
  readonly clock: Clock;
  /** Called with the headers of each response. */
  readonly onResponse: (headers: IncomingHttpHeaders) => void;
}

/** Milliseconds for a response. */
const patience = 2_000;

/**
 * Knows whether the server requires credentials. It asks the server at the start, and again after any connection to it has ended: the
 * server keeps its connections, so it may have been restarted with other settings.
 */
export class ServerAuthentication {
  readonly #parts: ServerAuthenticationParts;
  #known: AuthenticationMode = 'unknown';
  #asking: Promise<AuthenticationMode> | undefined;

  constructor(parts: ServerAuthenticationParts) {
    this.#parts = parts;
  }

  /** What is known now. */
  get known(): AuthenticationMode {
    return this.#known;
  }

  /** The server may have been restarted. */
  doubt(): void {
    this.#known = 'unknown';
    this.#asking = undefined;
  }

  /** Resolves with what is known, or with the server's response; never rejects. */
  async mode(): Promise<AuthenticationMode> {
    // A server without users may have got one.
    return this.#known === 'unknown' || this.#known === 'founding' ? this.ask() : this.#known;
  }

  /** Resolves with the response of the server now. */
  ask(): Promise<AuthenticationMode> {
    if (this.#asking !== undefined) return this.#asking;
    const asking = this.#ask().then((mode) => {
      if (this.#asking === asking) {
        this.#asking = undefined;
        this.#known = mode;
      }
      return mode;
    });
    this.#asking = asking;
    return asking;
  }

  #ask(): Promise<AuthenticationMode> {
    const { upstream, clock, onResponse } = this.#parts;
    const headers = ['Host', upstream.host];
    return new Promise((resolve) => {
      const request = upstream.begin({ method: 'GET', target: '/query?q=SHOW+DATABASES', headers });
      const cancel = clock.after(patience, () => request.destroy());
      request.once('response', (response) => {
        onResponse(response.headers);
        const { statusCode } = response;
        if (statusCode !== 403) response.resume();
        if (statusCode === 200) resolve('off');
        else if (statusCode === 401) resolve('on');
        else if (statusCode === 403) {
          let body = '';
          response.setEncoding('utf8').on('data', (piece) => (body += piece));
          response.once('end', () => resolve(isFounding(body) ? 'founding' : 'on'));
        } else resolve('unknown');
      });
      request.once('error', () => resolve('unknown'));
      request.once('close', () => {
        cancel();
        resolve('unknown');
      });
      request.end();
    });
  }
}

/** Whether a server refused a request because it has no user. */
export const isFounding = (text: string): boolean => text.includes('create admin user first');
