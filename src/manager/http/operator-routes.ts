import { nextTurn, TimeSlice } from '../time-slice.js';
import type { RouteHandlers } from './exchange.js';
import { sendEmpty, sendJson, sendListing, sendSnapshot, sendText } from './responses.js';

/** The routes that operators and their tools use. */
export const operatorRoutes: RouteHandlers<
  'listClusters' | 'history' | 'readVersion' | 'deleteCluster' | 'health' | 'ready'
> = {
  async listClusters(exchange) {
    const { manager, access } = exchange;
    await nextTurn();
    const slice = new TimeSlice();
    const clusters: string[] = [];
    for (const { cluster, epoch, latest } of await manager.clusters()) {
      if (!access.maySee(cluster)) continue;
      const nodes = await manager.nodes(cluster);
      const alive = nodes.filter((node) => node.alive).length;
      clusters.push(JSON.stringify({ cluster, epoch, ...latest, nodes: nodes.length, alive }));
      await slice.rest();
    }
    await sendListing(exchange, { before: '[', items: clusters, separator: ',', after: ']' });
  },

  async history({ manager, response, reached }, { cluster }) {
    const versions = (await manager.history(cluster)).map((record) => ({
      ...record,
      reachedAt: reached?.of(cluster, record.version),
    }));
    sendJson(response, JSON.stringify(versions));
  },

  async readVersion(exchange, { cluster, version }) {
    const snapshot = await exchange.manager.version(cluster, version);
    await sendSnapshot(exchange, 200, { cluster, standing: { version }, snapshot, isNewest: false });
  },

  async deleteCluster({ manager, response, access }, { cluster }) {
    await manager.deleteCluster(cluster, access.requester);
    sendEmpty(response, 200, {});
  },

  /** Liveness: the process runs. */
  health({ response }) {
    sendText(response, 'ok\n');
  },

  /** Readiness: the manager and its store can serve, and changes of the tokens are noticed. */
  async ready({ manager, response, tokens }) {
    await manager.check();
    await tokens?.check?.();
    sendText(response, 'ready\n');
  },
};
