import type { OptionKinds } from '../../check-options.js';
import { type Clock, systemClock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import { withoutTrailing } from '../../trailing.js';
import { type TlsOptions, tlsKind } from '../../transport/http-options.js';
import { clock as clockKind, either, func, number, string, text } from '../../value-kinds.js';

/** Returns the current password; it is called with the password that the server refused, if any. */
export type PasswordFunction = (refused?: string) => string | Promise<string>;

/** Connection options of an InfluxDB 1.x server. Times are in milliseconds. */
export interface InfluxConnectionOptions {
  /** An administrator of the server, if it requires authentication; other users see only a part of the metadata. */
  readonly username?: string;
  /**
   * Password of `username`, or a function that returns it: called before the first request, and again with the refused password after
   * the server refused it.
   */
  readonly password?: PasswordFunction | string;
  readonly tls?: TlsOptions;
  /** Time for one request and its response. Default: 30 000. */
  readonly timeout?: number;
  /** Time to make a connection, TLS included. Default: 5000. */
  readonly connectTimeout?: number;
  /** Maximum size of a response in bytes. Default: 256 MiB. */
  readonly maxAnswerBytes?: number;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/** The kinds of the options of a connection. */
export const connectionKinds: OptionKinds<InfluxConnectionOptions> = {
  username: text,
  password: either(string, func),
  tls: tlsKind,
  timeout: number,
  connectTimeout: number,
  maxAnswerBytes: number,
  clock: clockKind,
};

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

/** Checks the options. Credentials may also be in the URL; errors never contain them. */
export function resolveAddress(url: string, options: InfluxConnectionOptions): InfluxAddress {
  const parsed = parseUrl(url);
  const username =
    options.username ?? (parsed.username === '' ? undefined : decodeURIComponent(parsed.username));
  const password = options.password ?? decodeURIComponent(parsed.password);
  if (username === undefined && options.password !== undefined) {
    throw new CfluxError('INVALID_OPTION', 'password: set `username` too');
  }
  if (username?.includes(':')) {
    throw new CfluxError('INVALID_OPTION', 'username: HTTP Basic authentication does not allow a colon');
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
  // The message omits a URL that may contain a password.
  const shown = url.includes('@') ? 'the URL' : JSON.stringify(url);
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new CfluxError(
      'INVALID_OPTION',
      `url: ${shown} is not a URL; write one such as http://127.0.0.1:8086`,
    );
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new CfluxError('INVALID_OPTION', `url: ${shown} is not an http or https URL`);
  }
  if (parsed.search || parsed.hash)
    throw new CfluxError('INVALID_OPTION', `url: ${shown} must not have a query or fragment`);
  return parsed;
}

/** `value` of the option `name`, which must be above 0. */
export function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new CfluxError('INVALID_OPTION', `${name}: ${value} is not above 0`);
}
