import { optionsCheck, optionsOf, requireOption } from '../../../../check-options.js';
import type { PemFunction } from '../../../../tls-credentials.js';
import { bytes, either, func, listOf, string, text } from '../../../../value-kinds.js';

/** Endpoints and credentials of etcd. */
export interface EtcdOptions {
  /** URLs of the members' client ports, `http://10.0.0.1:2379`; one is used until it fails, then the next. */
  readonly endpoints: string | readonly string[];
  /** Prefix of every key, so that several installations may share one etcd. Default: `/clusterflux/`. */
  readonly prefix?: string;
  /** User of etcd. It may be configured before authentication is enabled there; its token is renewed when etcd refuses it. */
  readonly user?: string;
  /** Password of `user`, or a function that returns it: called whenever a token is requested, so that a new password needs no restart. */
  readonly password?: string | (() => string | Promise<string>);
  /**
   * TLS for `https:` endpoints, in PEM. A function instead of a value is called again before requests, at most once a second; new
   * connections are made when its result has changed.
   */
  readonly tls?: {
    /** Authority of the members' certificates, instead of the system's authorities. */
    readonly ca?: string | Uint8Array | PemFunction;
    /** Client certificate and key of this manager, if etcd requires them. */
    readonly cert?: string | Uint8Array | PemFunction;
    readonly key?: string | Uint8Array | PemFunction;
  };
  /**
   * Called once per problem that an operator should fix, and for certificates that cannot be reloaded, or that expire within 30, 14, 7, 3
   * or 1 days. Default: `process.emitWarning`.
   */
  readonly warn?: (message: string) => void;
}

const pem = either(string, bytes, func);
const endpoints = either(text, listOf(text));

const checkOptions = optionsCheck<EtcdOptions>('EtcdStore', {
  endpoints,
  prefix: string,
  user: text,
  password: either(string, func),
  tls: optionsOf<NonNullable<EtcdOptions['tls']>>('tls', { ca: pem, cert: pem, key: pem }),
  warn: func,
});

/** @throws CfluxError `INVALID_OPTION` */
export function checkEtcdOptions(options: EtcdOptions): void {
  checkOptions(options);
  requireOption('EtcdStore', 'endpoints', endpoints, options.endpoints);
}
