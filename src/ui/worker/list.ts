import { readStatus } from '../../protocol/manager-status.js';
import { readClusters, readEverything } from '../../protocol/operator-responses.js';
import { paths } from '../../protocol/routes.js';
import { type Access, send } from '../api/send.js';
import type { Listing } from './messages.js';

/** Reads and checks what the manager lists: for a thousand nodes too much work for the page while its reader types. @throws ApiError */
export async function list(access: Access): Promise<Listing> {
  const text = async (path: string) => (await send(access, path)).text();
  const [clusters, everything, status] = await Promise.all([
    text(paths.clusters()),
    text(paths.allNodes()),
    text(paths.status()),
  ]);
  const { cflux: managers, influx: nodes } = readEverything(everything, 'the manager');
  return { clusters: readClusters(clusters, 'the manager'), nodes, managers, status: readStatus(status) };
}
