import { listedNode, parseRegistration, registrationAnswer } from '../../protocol/registration.js';
import { answerEmpty, answerJson } from './answer.js';
import type { Exchange, RouteHandlers } from './exchange.js';
import { hasBody, readBody } from './request-body.js';

const longestRegistration = 64 * 1024;

/** What nodes ask about themselves and each other. */
export const nodeRoutes: RouteHandlers<'register' | 'heartbeat' | 'deregister' | 'listNodes' | 'listAll'> = {
  async register(exchange, { cluster }) {
    const { manager, response, asker } = exchange;
    const body = await readBody(exchange, longestRegistration);
    const registered = await manager.register(cluster, parseRegistration(body.toString()), asker);
    answerJson(response, registrationAnswer(registered, registered.node));
  },

  async heartbeat(exchange, { cluster, nodeId }) {
    await ignoreBody(exchange);
    const leaving = exchange.request.headers['cflux-leaving'] === 'true';
    await exchange.manager.heartbeat(cluster, nodeId, { leaving });
    answerEmpty(exchange.response, 200);
  },

  async deregister(exchange, { cluster, nodeId }) {
    await ignoreBody(exchange);
    await exchange.manager.deregister(cluster, nodeId, exchange.asker);
    answerEmpty(exchange.response, 200);
  },

  async listNodes({ manager, response }, { cluster }) {
    const nodes = await manager.nodes(cluster);
    answerJson(response, JSON.stringify(nodes.map(listedNode)));
  },

  async listAll({ manager, response, maySee }) {
    const managers = await manager.managers();
    const influx = [];
    for (const { cluster } of await manager.clusters()) {
      if (!maySee(cluster)) continue;
      for (const node of await manager.nodes(cluster)) influx.push({ cluster, ...listedNode(node) });
    }
    const cflux = managers.map((each) => ({ ...each, 'bind-address': each.bindAddress }));
    answerJson(response, JSON.stringify({ cflux, influx }));
  },
};

/** A body where none belongs is read, within bounds, so that the connection can be used again. */
async function ignoreBody(exchange: Exchange): Promise<void> {
  if (hasBody(exchange.request)) await readBody(exchange, longestRegistration);
}
