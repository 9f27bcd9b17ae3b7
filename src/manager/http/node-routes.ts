import type { ServerResponse } from 'node:http';
import { headers } from '../../protocol/headers.js';
import { maxReportBytes, parseReport } from '../../protocol/node-report.js';
import { listedNode, parseRegistration, registrationResponse } from '../../protocol/registration.js';
import { nodeNotFound } from '../refusals.js';
import { nextTurn, TimeSlice } from '../time-slice.js';
import type { Exchange, RouteHandlers } from './exchange.js';
import { hasBody, withBody } from './request-body.js';
import { header, wordOf } from './request-headers.js';
import { sendJson, sendListing, sendOk } from './responses.js';

const maxRegistration = 64 * 1024;

/** The routes that nodes use. */
export const nodeRoutes: RouteHandlers<
  'register' | 'heartbeat' | 'report' | 'deregister' | 'listNodes' | 'listAll'
> = {
  async register(exchange, { cluster }) {
    const { manager, request, response, access } = exchange;
    const registered = await withBody(exchange, { cluster, most: maxRegistration }, (body) =>
      manager.register(cluster, parseRegistration(body.toString()), access.requester, wordOf(request)),
    );
    sendJson(response, registrationResponse(registered, registered.node));
  },

  heartbeat(exchange, { cluster, nodeId }) {
    const { manager, request, response } = exchange;
    const leaving = header(request, headers.leaving) === 'true';
    if (hasBody(request)) return answerDescribed(exchange, cluster, nodeId, leaving);
    const isKnown = manager.heartbeat(cluster, nodeId, { leaving, progress: wordOf(request) });
    // Synchronous if there is nothing to wait for.
    if (isKnown === true) return sendOk(response);
    return answerHeartbeat(response, nodeId, isKnown);
  },

  async report(exchange, { cluster, nodeId }) {
    const { manager, response } = exchange;
    await withBody(exchange, { cluster, most: maxReportBytes }, (body) =>
      manager.report(cluster, nodeId, parseReport(body)),
    );
    sendOk(response);
  },

  async deregister({ manager, response, access }, { cluster, nodeId }) {
    await manager.deregister(cluster, nodeId, access.requester);
    sendOk(response);
  },

  async listNodes(exchange, { cluster }) {
    await nextTurn();
    const slice = new TimeSlice();
    const nodes: string[] = [];
    for (const node of await exchange.manager.nodes(cluster)) {
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

/** Handles a heartbeat with a body, which has the format of a registration: the node's current description. */
async function answerDescribed(
  exchange: Exchange,
  cluster: string,
  nodeId: number,
  leaving: boolean,
): Promise<void> {
  const { manager, request, response, access } = exchange;
  await withBody(exchange, { cluster, most: maxRegistration }, async (body) => {
    // A chunked body may still be empty.
    const node = body.byteLength === 0 ? undefined : parseRegistration(body.toString());
    const isKnown = manager.heartbeat(cluster, nodeId, {
      leaving,
      node,
      requester: access.requester,
      progress: wordOf(request),
    });
    await answerHeartbeat(response, nodeId, isKnown);
  });
}

async function answerHeartbeat(
  response: ServerResponse,
  nodeId: number,
  isKnown: boolean | Promise<boolean>,
): Promise<void> {
  if (!(await isKnown)) throw nodeNotFound(nodeId);
  sendOk(response);
}
