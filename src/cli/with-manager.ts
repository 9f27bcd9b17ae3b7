import { type EndpointFlags, managerOptions, transportOptions } from './connections.js';
import { ManagerApi } from './manager-api.js';
import type { Terminal } from './terminal.js';

/** Runs `work` with the manager that the flags name, and frees the connection afterwards. */
export async function withManager<T>(
  flags: EndpointFlags,
  terminal: Terminal,
  work: (manager: ManagerApi) => Promise<T>,
): Promise<T> {
  const manager = new ManagerApi({
    ...transportOptions(managerOptions(flags, terminal)),
    onFailover: ({ message }, next) => terminal.err(`cflux: ${message}; trying ${next}`),
  });
  try {
    return await work(manager);
  } finally {
    await manager.close();
  }
}

/** Returns the cluster name from the argument, else the environment, else `default`. */
export const clusterOf = (argument: string | undefined, { env }: Terminal): string =>
  argument ?? (env['CLUSTER'] || 'default');
