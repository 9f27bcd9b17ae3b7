import type { CertificateInfo } from '../certificates.js';
import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import type { PemFunction } from '../tls-credentials.js';
import type { BearerToken } from './bearer-token.js';
import type { RetryOptions } from './with-retry.js';

/**
 * How TLS connections are made. Certificates and keys are PEM text, or functions that return it: they are called again before requests,
 * at most once a second, and new connections use what they return. If that cannot be used, the previous values stay in use.
 */
export interface TlsOptions {
  /** Authorities that the manager's certificate may come from, instead of the well-known ones. */
  readonly ca?: string | Uint8Array | (string | Uint8Array)[] | PemFunction;
  /** This node's own certificate, for a manager that asks for one. */
  readonly cert?: string | Uint8Array | PemFunction;
  /** The private key of `cert`. */
  readonly key?: string | Uint8Array | PemFunction;
  /** Opens `key` where it is encrypted. */
  readonly passphrase?: string;
  /** The name that the manager's certificate must bear. Default: the host of the endpoint. */
  readonly servername?: string;
  /**
   * Receives the reason when certificates cannot be reloaded, and a warning 30, 14, 7, 3 and 1 days before one expires.
   * Default: `process.emitWarning`.
   */
  readonly warn?: (message: string) => void;
  /** Called with the certificates in use, at the start and after each reload. */
  readonly onLoad?: (certificates: readonly CertificateInfo[]) => void;
}

/** Where the manager is, and how a client speaks with it. Times are in milliseconds. */
export interface HttpTransportOptions {
  /**
   * URL of the manager, `http:` or `https:`, with a path where a proxy wants one. Of several, the first is used until it
   * fails, then the next, and so on around. Default: `http://localhost:8000`.
   */
  readonly endpoint?: string | readonly string[];
  /** Sent with every request as `Authorization: Bearer …`; a function is asked before each request. */
  readonly token?: BearerToken;
  readonly tls?: TlsOptions;
  /** Attempts of each call, and the delays between them. */
  readonly retry?: Omit<RetryOptions, 'clock' | 'random'>;
  /** Time to make a connection, TLS included. Default: 5000. */
  readonly connectTimeout?: number;
  /** The longest silence in the middle of a body. Default: 15 000. */
  readonly bodyIdleTimeout?: number;
  /** The largest snapshot taken, in bytes after decompression. Default: 256 MiB. */
  readonly maxSnapshotBytes?: number;
  /** The largest list of members and the like, in bytes after decompression. Default: 16 MiB. */
  readonly maxAnswerBytes?: number;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Jitter is drawn from it. Default: chance from the operating system. */
  readonly random?: Random;
}
