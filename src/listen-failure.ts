import { CfluxError } from './errors.js';

/** The error for a server that cannot listen on `host`:`port`. */
export function listenFailure(cause: unknown, host: string, port: number): CfluxError {
  const error = CfluxError.from(cause);
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return new CfluxError(
    'INVALID_OPTION',
    `cannot listen on ${host.includes(':') ? `[${host}]` : host}:${port}: ${reasons.get(code) ?? error.message}`,
    { cause },
  );
}

const reasons: ReadonlyMap<unknown, string> = new Map([
  [
    'EADDRINUSE',
    'another process uses this port; stop it, or select another port (--listen host:port; port 0 selects a free one)',
  ],
  ['EACCES', 'this user may not use ports below 1024; select another port (--listen host:port)'],
  [
    'EADDRNOTAVAIL',
    'this machine does not have the address; use one of its addresses, or 0.0.0.0 for all (--listen host:port)',
  ],
  ['ENOTFOUND', 'the host name is unknown; use an address of this machine (--listen host:port)'],
]);
