import { hostname as machineName, networkInterfaces } from 'node:os';
import type { SnapshotAddress } from './snapshot-port.js';

/** The port of the snapshot service, unless a server is configured otherwise. */
const usualPort = 8088;

const loopback = /^(localhost|127\.[0-9.]+|::1)$/;
const anyAddress = /^(|0\.0\.0\.0|::)$/;

/** Maximum length of an address: a host name has at most 253 characters. */
const maxAddress = 300;

/**
 * Returns the address of the snapshot service that is bound to `bound`, for a server that is reached at `hostname`; `undefined` if it
 * cannot be reached from this machine.
 */
export function boundAddress(bound: string, hostname: string): SnapshotAddress | undefined {
  if (bound.length > maxAddress) return undefined;
  const [, host = '', digits = ''] = /^\[?([A-Za-z0-9._:%-]*)\]?:([0-9]{1,5})$/.exec(bound) ?? [];
  const port = Number(digits);
  // Ignore a port that a socket cannot use.
  if (port < 1 || port > 65_535) return undefined;
  if (anyAddress.test(host)) return { host: hostname, port };
  // The loopback address of another machine cannot be reached.
  if (loopback.test(host) && !isThisMachine(hostname)) return undefined;
  return { host, port };
}

/**
 * Returns the usual addresses of the snapshot service of a server on this machine, which does not report its own. None for a server on
 * another machine, because the service is bound to loopback by default and would be that of another server here.
 */
export function usualAddresses(hostname: string): readonly SnapshotAddress[] {
  if (!isThisMachine(hostname)) return [];
  const hosts = loopback.test(hostname) ? [hostname, '127.0.0.1'] : ['127.0.0.1'];
  return [...new Set(hosts)].map((host) => ({ host, port: usualPort }));
}

/** Returns whether `hostname` is loopback, the name of this machine, or one of its addresses. */
function isThisMachine(hostname: string): boolean {
  if (loopback.test(hostname) || hostname === machineName()) return true;
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === hostname),
  );
}
