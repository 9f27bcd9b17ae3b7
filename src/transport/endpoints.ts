import { CfluxError } from '../errors.js';
import { withoutTrailing } from '../trailing.js';

/** Hides what precedes the last `@`, which may be a user and a password; the scheme stays. */
export function withoutUser(text: string): string {
  const at = text.lastIndexOf('@');
  if (at < 0) return text;
  const slashes = text.indexOf('//');
  const scheme = slashes >= 0 && slashes < at ? text.slice(0, slashes + 2) : '';
  return `${scheme}…${text.slice(at)}`;
}

/** An endpoint as it may be shown, whatever it is: without the user and password that may be in it. */
export const shownEndpoint = (endpoint: unknown): string =>
  JSON.stringify(endpoint, (_, value) => (typeof value === 'string' ? withoutUser(value) : value));

/** One endpoint, without a slash at the end. */
function parseEndpoint(endpoint: string): string {
  const wrong = (why: string) => new CfluxError('INVALID_OPTION', `endpoint: ${why}`);
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    throw wrong(`${shownEndpoint(endpoint)} is no URL, such as http://localhost:8000`);
  }
  if (url.username || url.password) throw wrong('a URL with a user or password is not taken, use `token`');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw wrong(
      `${shownEndpoint(endpoint)} is neither http: nor https:, write http://${withoutUser(endpoint).replace(/^\w+:\/\//, '')}`,
    );
  }
  if (url.search || url.hash) throw wrong(`${shownEndpoint(endpoint)} must end with its path`);
  return withoutTrailing(url.href, /\//);
}

/** The managers' URLs, in turn: one is used until it fails. */
export class Endpoints {
  readonly #urls: readonly string[];
  #position = 0;

  constructor(endpoints: string | readonly string[]) {
    this.#urls = (typeof endpoints === 'string' ? [endpoints] : endpoints).map(parseEndpoint);
    if (this.#urls.length === 0) throw new CfluxError('INVALID_OPTION', 'endpoint: the list is empty');
  }

  get count(): number {
    return this.#urls.length;
  }

  get current(): string {
    return this.#urls[this.#position] ?? '';
  }

  /** Goes on to the next. `false`: there is none, or another request has already left `failed`. */
  leave(failed: string): boolean {
    if (failed !== this.current || this.#urls.length === 1) return false;
    this.#position = (this.#position + 1) % this.#urls.length;
    return true;
  }
}
