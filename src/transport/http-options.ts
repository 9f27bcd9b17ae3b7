import type { CertificateInfo } from '../certificates.js';
import { optionsOf } from '../check-options.js';
import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { PemFunction } from '../tls-credentials.js';
import { bytes, either, func, listOf, string } from '../value-kinds.js';
import type { RetryOptions } from './attempts.js';
import type { BearerToken } from './bearer-token.js';

/**
 * How TLS connections are made. Certificates and keys are PEM text, or functions that return it: they are called again before requests,
 * at most once a second, and new connections use what they return. If that cannot be used, the previous values stay in use.
 */
export interface TlsOptions {
  /** Certificate authorities of the manager, instead of the well-known ones. */
  readonly ca?: string | Uint8Array | (string | Uint8Array)[] | PemFunction;
  /** This node's client certificate, for a manager that requires one. */
  readonly cert?: string | Uint8Array | PemFunction;
  /** The private key of `cert`. */
  readonly key?: string | Uint8Array | PemFunction;
  /** Decrypts `key`, if it is encrypted. */
  readonly passphrase?: string;
  /** The name that the manager's certificate must contain. Default: the host of the endpoint. */
  readonly servername?: string;
  /**
   * Receives the reason when certificates cannot be reloaded, and a warning 30, 14, 7, 3 and 1 days before one expires.
   * Default: `process.emitWarning`.
   */
  readonly warn?: (message: string) => void;
  /** Called with the certificates in use, at the start and after each reload. */
  readonly onLoad?: (certificates: readonly CertificateInfo[]) => void;
}

const pem = either(string, bytes, func);

/** The option `tls` of a connection. */
export const tlsKind = optionsOf<TlsOptions>('tls', {
  ca: either(string, bytes, func, listOf(either(string, bytes))),
  cert: pem,
  key: pem,
  passphrase: string,
  servername: string,
  warn: func,
  onLoad: func,
});

/** Options of an HttpTransport. Times are in milliseconds. */
export interface HttpTransportOptions {
  /**
   * URL of the manager, `http:` or `https:`, with a path if a proxy requires one. Of several, the first is used until it fails,
   * then the next, in a circle. Default: `http://localhost:8000`.
   */
  readonly endpoint?: string | readonly string[];
  /** Sent with every request as `Authorization: Bearer …`; a function is called before each request. */
  readonly token?: BearerToken;
  readonly tls?: TlsOptions;
  /** Attempts of each call, and the delays between them. */
  readonly retry?: Omit<RetryOptions, 'clock' | 'random'>;
  /** Time to make a connection, TLS included. Default: 5000. */
  readonly connectTimeout?: number;
  /** Maximum time without data while a response body is read. Default: 15 000. */
  readonly bodyIdleTimeout?: number;
  /** Maximum size of a snapshot, in bytes after decompression. Default: 256 MiB. */
  readonly maxSnapshotBytes?: number;
  /** Maximum size of any other response, such as a list of nodes, in bytes after decompression. Default: 16 MiB. */
  readonly maxAnswerBytes?: number;
  /** Default: the clock of the machine. */
  readonly clock?: Clock;
  /** Source of jitter. Default: the operating system. */
  readonly random?: Random;
}
