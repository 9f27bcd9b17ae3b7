import { CfluxError } from '../errors.js';
import { withoutTrailing } from '../trailing.js';

/** Removes the text before the last `@`, which may be a user and a password; the scheme is kept. */
export function withoutUser(text: string): string {
  const at = text.lastIndexOf('@');
  if (at < 0) return text;
  const slashes = text.indexOf('//');
  const scheme = slashes >= 0 && slashes < at ? text.slice(0, slashes + 2) : '';
  return `${scheme}…${text.slice(at)}`;
}

/** Formats any value of an endpoint option for messages, without a user and password. */
export const shownEndpoint = (endpoint: unknown): string =>
  JSON.stringify(endpoint, (_, value) => (typeof value === 'string' ? withoutUser(value) : value));

/** Parses one endpoint; returns it without a trailing slash. */
function parseEndpoint(endpoint: string): string {
  const wrong = (why: string) => new CfluxError('INVALID_OPTION', `endpoint: ${why}`);
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    throw wrong(`${shownEndpoint(endpoint)} is not a URL; write one such as http://localhost:8000`);
  }
  if (url.username || url.password) throw wrong('the URL must not contain a user or password; use `token`');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw wrong(
      `${shownEndpoint(endpoint)} is not an http or https URL; write http://${withoutUser(endpoint).replace(/^\w+:\/\//, '')}`,
    );
  }
  if (url.search || url.hash) throw wrong(`${shownEndpoint(endpoint)} must not have a query or fragment`);
  return withoutTrailing(url.href, /\//);
}

/** The managers' URLs: one is used until it fails, then the next. */
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

  /** Switches to the next endpoint. Returns false if there is none, or another request has already left `failed`. */
  leave(failed: string): boolean {
    if (failed !== this.current || this.#urls.length === 1) return false;
    this.#position = (this.#position + 1) % this.#urls.length;
    return true;
  }
}
