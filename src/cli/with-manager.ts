import { CfluxError, isCfluxError } from '../errors.js';
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
  } catch (error) {
    throw isCfluxError(error, 'CLUSTER_NOT_FOUND') ? await withClusters(error, manager) : error;
  } finally {
    await manager.close();
  }
}

/** The most names in an error. */
const maxNames = 10;

/** Adds the clusters that exist to the error for one that does not. */
async function withClusters(error: CfluxError, manager: ManagerApi): Promise<CfluxError> {
  const clusters = await manager.clusters().catch(() => undefined);
  if (clusters === undefined) return error;
  const names = clusters.map(({ cluster }) => JSON.stringify(cluster));
  const more = names.length > maxNames ? ` and ${names.length - maxNames} more` : '';
  const known =
    names.length === 0 ? 'it has no clusters' : `it has ${names.slice(0, maxNames).join(', ')}${more}`;
  return new CfluxError(error.code, `${error.message}; ${known}`, { cause: error });
}

/** Returns the cluster name from the argument, else the environment, else `default`. */
export const clusterOf = (argument: string | undefined, { env }: Terminal): string =>
  argument ?? (env['CLUSTER'] || 'default');
