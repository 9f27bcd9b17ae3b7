import { hostname, networkInterfaces } from 'node:os';
import type { NodeDescription } from '../../protocol/nodes.js';

/** Returns the description of this machine for registration: its host name and its addresses. */
export function describeHost(bindAddress?: string): NodeDescription {
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => !address.internal);
  const ipv4 = outside.filter((address) => address.family === 'IPv4').map((address) => address.address);
  return {
    // The published format: a comma after each address, including the last.
    ip: ipv4.map((address) => `${address},`).join(''),
    hostname: hostname(),
    addresses: outside.map((address) => address.address),
    ...(bindAddress === undefined ? {} : { bindAddress }),
  };
}
