import { headers } from '../../protocol/headers.js';
import { maxReportBytes, parseReport } from '../../protocol/node-report.js';
import { listedNode, parseRegistration, registrationResponse } from '../../protocol/registration.js';
import {
  parseWaitQuery,
  type WaitForNodesRequest,
  writeWaitResult,
} from '../../protocol/waiting-for-nodes.js';
import { shardOwnersIn } from '../nodes/shard-owners.js';
import { nodeNotFound } from '../refusals.js';
import { nextTurn, TimeSlice } from '../time-slice.js';
import type { Exchange, RouteHandlers } from './exchange.js';
import { isLegacyReader } from './legacy-request.js';
import { hasBody, withBody } from './request-body.js';
import { header, wordOf } from './request-headers.js';
import { sendEmpty, sendJson, sendListing, sendOk } from './responses.js';

const maxRegistration = 64 * 1024;

/** The routes that nodes use. */
export const nodeRoutes: RouteHandlers<
  'register' | 'heartbeat' | 'report' | 'deregister' | 'listNodes' | 'listAll'
> = {
  async register(exchange, { cluster }) {
    const { manager, connections, request, response, access } = exchange;
    const registered = await withBody(exchange, { cluster, most: maxRegistration }, (body) =>
      manager.register(cluster, parseRegistration(body.toString()), access.requester, wordOf(request)),
    );
    connections.belongsTo(request, registered.id);
    sendJson(response, registrationResponse(registered, registered.node));
  },

  heartbeat(exchange, { cluster, nodeId }) {
    const { manager, request, response } = exchange;
    const leaving = header(request, headers.leaving) === 'true';
    if (hasBody(request)) return answerDescribed(exchange, cluster, nodeId, leaving);
    const isKnown = manager.heartbeat(cluster, nodeId, { leaving, progress: wordOf(request) });
    // Synchronous if there is nothing to wait for.
    if (isKnown !== true) return answerHeartbeat(exchange, nodeId, isKnown);
    exchange.connections.belongsTo(request, nodeId);
    return sendOk(response);
  },

  async report(exchange, { cluster, nodeId }) {
    const { manager, response } = exchange;
    await withBody(exchange, { cluster, most: maxReportBytes }, (body) =>
      manager.report(cluster, nodeId, parseReport(body)),
    );
    sendEmpty(response, 200, {});
  },

  async deregister({ manager, response, access }, { cluster, nodeId }) {
    await manager.deregister(cluster, nodeId, access.requester);
    sendEmpty(response, 200, {});
  },

  async listNodes(exchange, { cluster }) {
    const query = parseWaitQuery(exchange.request.url ?? '');
    if (query !== undefined) return sendWaitResult(exchange, { cluster, ...query });
    await nextTurn();
    const slice = new TimeSlice();
    const nodes: string[] = [];
    const listed = await exchange.manager.nodes(cluster);
    for (const node of isLegacyReader(exchange.request) ? shardOwnersIn(listed) : listed) {
      nodes.push(JSON.stringify(listedNode(node)));
      await slice.rest();
    }
    await sendListing(exchange, { before: '[', items: nodes, separator: ',', after: ']' });
  },

  async listAll(exchange) {
    const { manager, access } = exchange;
    const managers = await manager.managers();
    await nextTurn();
    const slice = new TimeSlice();
    const influx: string[] = [];
    for (const { cluster } of await manager.clusters()) {
      if (!access.maySee(cluster)) continue;
      for (const node of await manager.nodes(cluster)) {
        influx.push(JSON.stringify({ cluster, ...listedNode(node) }));
        await slice.rest();
      }
      await slice.rest();
    }
    const cflux = managers.map((each) => ({ ...each, 'bind-address': each.bindAddress }));
    const before = `{"cflux":${JSON.stringify(cflux)},"influx":[`;
    await sendListing(exchange, { before, items: influx, separator: ',', after: ']}' });
  },
};

/** Responds when the nodes have the version, or the time is up. */
async function sendWaitResult(exchange: Exchange, query: WaitForNodesRequest): Promise<void> {
  const { manager, request, access, open } = exchange;
  const result = await manager.waitForNodes(
    { ...query, epoch: header(request, headers.epoch) },
    { requester: access.requester, signal: open.signal, connection: request.socket },
  );
  const items = writeWaitResult(result);
  await sendListing(exchange, { before: '', items, separator: '', after: '' });
}

/** Handles a heartbeat with a body, which has the format of a registration: the node's current description. */
async function answerDescribed(
  exchange: Exchange,
  cluster: string,
  nodeId: number,
  leaving: boolean,
): Promise<void> {
  const { manager, request, access } = exchange;
  await withBody(exchange, { cluster, most: maxRegistration }, async (body) => {
    // A chunked body may still be empty.
    const node = body.byteLength === 0 ? undefined : parseRegistration(body.toString());
    const isKnown = manager.heartbeat(cluster, nodeId, {
      leaving,
      node,
      requester: access.requester,
      progress: wordOf(request),
    });
    await answerHeartbeat(exchange, nodeId, isKnown);
  });
}

async function answerHeartbeat(
  { connections, request, response }: Exchange,
  nodeId: number,
  isKnown: boolean | Promise<boolean>,
): Promise<void> {
  if (!(await isKnown)) throw nodeNotFound(nodeId);
  connections.belongsTo(request, nodeId);
  sendOk(response);
}
