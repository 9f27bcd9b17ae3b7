import { type Clock, systemClock } from '../clock.js';
import { CfluxError } from '../errors.js';
import { withoutTrailing } from '../trailing.js';
import type { TlsOptions } from '../transport/http-options.js';

/** Returns the present password; it is called with the one that the server refused, if there is one. */
export type PasswordFunction = (refused?: string) => string | Promise<string>;

/** Where an InfluxDB 1.x server is, and how it is spoken to. Times are in milliseconds. */
export interface InfluxConnectionOptions {
  /** An administrator of the server, where it asks for credentials: others are shown a part of the metadata only. */
  readonly username?: string;
  /**
   * Password of `username`, or a function that returns it: called before the first request, and again with the refused password after
   * the server refused it.
   */
  readonly password?: PasswordFunction | string;
  readonly tls?: TlsOptions;
  /** Time for one request and its answer. Default: 30 000. */
  readonly timeout?: number;
  /** Time to make a connection, TLS included. Default: 5000. */
  readonly connectTimeout?: number;
  /** The largest answer taken, in bytes. Default: 256 MiB. */
  readonly maxAnswerBytes?: number;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/** The options of a connection, checked and complete. */
export interface InfluxAddress {
  /** Without credentials and without a slash at its end. */
  readonly url: string;
  readonly hostname: string;
  readonly username: string | undefined;
  readonly password: PasswordFunction | string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly timeout: number;
  readonly connectTimeout: number;
  readonly maxAnswerBytes: number;
  readonly clock: Clock;
}

/** Checks the options; credentials may also stand in the URL, and no error repeats them. */
export function resolveAddress(url: string, options: InfluxConnectionOptions): InfluxAddress {
  const parsed = parseUrl(url);
  const username =
    options.username ?? (parsed.username === '' ? undefined : decodeURIComponent(parsed.username));
  const password = options.password ?? decodeURIComponent(parsed.password);
  if (username === undefined && options.password !== undefined) {
    throw new CfluxError('INVALID_OPTION', 'password: there is none without a `username`');
  }
  if (username?.includes(':')) {
    throw new CfluxError('INVALID_OPTION', 'username: HTTP cannot carry one with a colon');
  }
  return {
    url: `${parsed.origin}${withoutTrailing(parsed.pathname, /\//)}`,
    hostname: parsed.hostname.replace(/^\[|\]$/g, ''),
    username,
    password: username === undefined ? undefined : password,
    tls: options.tls,
    timeout: positive('timeout', options.timeout ?? 30_000),
    connectTimeout: positive('connectTimeout', options.connectTimeout ?? 5_000),
    maxAnswerBytes: positive('maxAnswerBytes', options.maxAnswerBytes ?? 256 * 2 ** 20),
    clock: options.clock ?? systemClock,
  };
}

function parseUrl(url: string): URL {
  // The text is not repeated where a password may be in it.
  const shown = url.includes('@') ? 'the URL' : JSON.stringify(url);
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new CfluxError('INVALID_OPTION', `url: ${shown} is no URL, such as http://127.0.0.1:8086`);
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new CfluxError('INVALID_OPTION', `url: ${shown} is neither http: nor https:`);
  }
  if (parsed.search || parsed.hash)
    throw new CfluxError('INVALID_OPTION', `url: ${shown} must end with its path`);
  return parsed;
}

/** `value` of the option `name`, which must be above 0. */
export function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new CfluxError('INVALID_OPTION', `${name}: ${value} is not above 0`);
}
