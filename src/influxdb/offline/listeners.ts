import { connect } from 'node:net';
import { systemCode } from '../../file-access.js';
import { parseSnapshotAddress } from '../read/snapshot-port.js';
import type { ServerUse } from './use-evidence.js';

/** Milliseconds. On the same machine a connection takes less than one; a firewall may drop it. */
const timeout = 2_000;

/** Finds addresses that accept connections. */
export async function listeners(addresses: readonly string[]): Promise<ServerUse> {
  const states = await Promise.all(
    addresses.map(async (address) => ({ address, state: await stateOf(address) })),
  );
  return {
    evidence: states.flatMap(({ address, state }) =>
      state === 'open' ? [`${address} accepts connections`] : [],
    ),
    unchecked: states.flatMap(({ address, state }) =>
      state === 'open' || state === 'closed' ? [] : [`the port ${address}: ${state}`],
    ),
  };
}

/** Resolves with `open`, `closed`, or why neither is known. */
function stateOf(address: string): Promise<string> {
  const { host, port } = parseSnapshotAddress(address);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (state: string) => {
      socket.destroy();
      resolve(state);
    };
    socket.setTimeout(timeout, () => end(`no response within ${timeout} ms`));
    socket.once('connect', () => end('open'));
    socket.once('error', (error) => end(systemCode(error) === 'ECONNREFUSED' ? 'closed' : error.message));
  });
}
