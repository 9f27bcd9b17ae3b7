import { hostname, networkInterfaces } from 'node:os';
import type { NodeDescription } from '../../protocol/nodes.js';

/** What this machine says of itself at registration: its name and every address that others may reach it by. */
export function describeHost(bindAddress?: string): NodeDescription {
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => !address.internal);
  const ipv4 = outside.filter((address) => address.family === 'IPv4').map((address) => address.address);
  return {
    // The published form: each address followed by a comma, the last one too.
    ip: ipv4.map((address) => `${address},`).join(''),
    hostname: hostname(),
    addresses: outside.map((address) => address.address),
    ...(bindAddress === undefined ? {} : { bindAddress }),
  };
}
