import type { IncomingMessage } from 'node:http';
import { CfluxError } from '../../errors.js';
import { headers } from '../../protocol/headers.js';
import { randomUuid } from '../../random.js';
import type { RouteHandlers } from './exchange.js';
import { isLegacyPoll } from './legacy-request.js';
import { withBody } from './request-body.js';
import { checkDigest, header, nodeIdOf, offerOf, waitOf } from './request-headers.js';
import { sendEmpty, sendError, sendSnapshot } from './responses.js';

/** The routes for metadata: pushes and polls. */
export const versionRoutes: RouteHandlers<'push' | 'poll'> = {
  async push(exchange, { cluster, version }) {
    const { manager, pushes, connections, request, response, access, open } = exchange;
    const most = manager.limits.snapshotBytes;
    const push = (snapshot: Buffer) => {
      checkDigest(request, snapshot);
      // A legacy client sends no mutation id; its version needs one anyway.
      const mutation = header(request, headers.mutation) ?? randomUuid(manager.random);
      const epoch = header(request, headers.epoch);
      const [nodeId, offer] = [nodeIdOf(request), offerOf(request)];
      const requester = header(request, headers.requester);
      return manager.push(
        {
          cluster,
          version,
          snapshot,
          mutation,
          epoch,
          nodeId,
          requester,
          offer,
          instance: instanceOf(request),
        },
        { requester: connections.requesterOf(request, access), signal: open.signal },
      );
    };
    const result = await pushes.counting(cluster, () =>
      withBody(exchange, { cluster, most }, async (body) => push(body)),
    );
    switch (result.kind) {
      case 'committed':
        return sendEmpty(response, 200, result);
      case 'epochMismatch':
        return sendError(request, response, epochMismatch(), result);
      case 'conflict':
        return sendSnapshot(exchange, 409, {
          cluster,
          standing: result,
          snapshot: result.snapshot,
          isNewest: true,
        });
    }
  },

  async poll(exchange, { cluster, version }) {
    const { manager, connections, request, response, access, open } = exchange;
    const [epoch, mutation] = [header(request, headers.epoch), header(request, headers.mutation)];
    const { isNode } = access;
    const requester = connections.requesterOf(request, access);
    // The node id is ignored unless the bearer may act as a node.
    const [nodeId, wait] = [isNode ? nodeIdOf(request) : undefined, waitOf(request)];
    const result = await manager.poll(
      { cluster, version, wait, epoch, mutation, nodeId, instance: instanceOf(request) },
      { requester, signal: open.signal, connection: request.socket, isNode, isLegacy: isLegacyPoll(request) },
    );
    switch (result.kind) {
      case 'unchanged':
        return sendEmpty(response, 204, result);
      case 'epochMismatch':
        return sendError(request, response, epochMismatch(), result);
      case 'snapshot':
        return sendSnapshot(exchange, 200, {
          cluster,
          standing: result,
          snapshot: result.snapshot,
          isNewest: true,
        });
    }
  },
};

const instanceOf = (request: IncomingMessage) => header(request, headers.instance);

const epochMismatch = () =>
  new CfluxError(
    'EPOCH_MISMATCH',
    'epoch mismatch: this manager has another history of the cluster; see the header Cflux-Epoch',
    {
      outcome: 'notApplied',
    },
  );
