import type { IncomingMessage } from 'node:http';
import { CfluxError } from '../../errors.js';
import { maxPushedDelta, namesVcdiff, taggedEpoch, vcdiffType, versionTag } from '../../protocol/deltas.js';
import { headers } from '../../protocol/headers.js';
import { randomUuid } from '../../random.js';
import type { ManagerPushResult } from '../pushes/manager-push.js';
import type { Exchange, RouteHandlers, RouteOf } from './exchange.js';
import { isLegacyPoll } from './legacy-request.js';
import { withBody } from './request-body.js';
import { checkDigest, header, nodeIdOf, offerOf, waitOf } from './request-headers.js';
import { sendDelta, sendEmpty, sendError, sendSnapshot } from './responses.js';

/** The routes for metadata: pushes, of snapshots and of deltas, and polls. */
export const versionRoutes: RouteHandlers<'push' | 'patch' | 'poll'> = {
  async push(exchange, route) {
    const { manager, pushes, connections, request, access, open } = exchange;
    const { cluster } = route;
    const most = manager.limits.snapshotBytes;
    const result = await pushes.counting(cluster, () =>
      withBody(exchange, { cluster, most }, async (snapshot) => {
        checkDigest(request, snapshot);
        return manager.push(
          { ...identity(exchange, route), offer: offerOf(request), snapshot },
          { requester: connections.requesterOf(request, access), signal: open.signal },
        );
      }),
    );
    await sendPushResult(exchange, route, result);
  },

  async patch(exchange, route) {
    const { manager, pushes, connections, request, access, open } = exchange;
    const { cluster } = route;
    const digest = checkedPatch(request);
    const most = Math.min(maxPushedDelta, manager.limits.snapshotBytes);
    const result = await pushes.counting(cluster, () =>
      withBody(exchange, { cluster, most }, async (bytes, use) => {
        checkDigest(request, bytes);
        return manager.push(
          { ...identity(exchange, route), delta: { bytes, digest } },
          {
            requester: connections.requesterOf(request, access),
            signal: open.signal,
            reserve: (more) => use.take(more),
          },
        );
      }),
    );
    await sendPushResult(exchange, route, result);
  },

  async poll(exchange, { cluster, version }) {
    const { manager, connections, request, response, access, open } = exchange;
    const [epoch, mutation] = [header(request, headers.epoch), header(request, headers.mutation)];
    const { isNode } = access;
    const requester = connections.requesterOf(request, access);
    // The node id is ignored unless the bearer may act as a node.
    const [nodeId, wait] = [isNode ? nodeIdOf(request) : undefined, waitOf(request)];
    const baseEpoch = namesVcdiff(header(request, headers.acceptDelta))
      ? taggedEpoch(header(request, headers.ifNoneMatch), { epoch, version })
      : undefined;
    const result = await manager.poll(
      { cluster, version, wait, epoch, mutation, nodeId, instance: instanceOf(request), baseEpoch },
      { requester, signal: open.signal, connection: request.socket, isNode, isLegacy: isLegacyPoll(request) },
    );
    switch (result.kind) {
      case 'unchanged':
        return sendEmpty(response, 204, result);
      case 'epochMismatch':
        return sendError(request, response, epochMismatch(), result);
      case 'delta':
        return sendDelta(exchange, { delta: 226, whole: 200 }, { cluster, base: version, offered: result });
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

/** Returns what a push states about itself, apart from its body. */
function identity({ manager, request }: Exchange, { cluster, version }: RouteOf<'push' | 'patch'>) {
  // A legacy client sends no mutation id; its version needs one anyway.
  const mutation = header(request, headers.mutation) ?? randomUuid(manager.random);
  const epoch = header(request, headers.epoch);
  const acceptsDelta =
    namesVcdiff(header(request, headers.acceptDelta)) && versionTag({ epoch, version }) !== undefined;
  const [nodeId, instance] = [nodeIdOf(request), instanceOf(request)];
  const requester = header(request, headers.requester);
  return { cluster, version, mutation, epoch, nodeId, requester, instance, acceptsDelta };
}

function sendPushResult(
  exchange: Exchange,
  { cluster, version }: RouteOf<'push' | 'patch'>,
  result: ManagerPushResult,
): Promise<void> | void {
  const { request, response } = exchange;
  switch (result.kind) {
    case 'committed':
      return sendEmpty(response, 200, result);
    case 'epochMismatch':
      return sendError(request, response, epochMismatch(), result);
    case 'conflict':
      if (result.delta !== undefined) {
        return sendDelta(exchange, { delta: 409, whole: 409 }, { cluster, base: version, offered: result });
      }
      return sendSnapshot(exchange, 409, {
        cluster,
        standing: result,
        snapshot: result.snapshot,
        isNewest: true,
      });
  }
}

/** Returns the digest of the snapshot that a pushed delta produces. @throws `BAD_REQUEST`: it is not a delta, or states no digest. */
function checkedPatch(request: IncomingMessage): string {
  const type = header(request, 'Content-Type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== vcdiffType) {
    const message = `unsupported content type ${JSON.stringify(type ?? '')}: a PATCH must be ${vcdiffType}`;
    throw new CfluxError('BAD_REQUEST', message, { outcome: 'notApplied', status: 415 });
  }
  const digest = header(request, headers.resultDigest);
  if (digest !== undefined) return digest;
  throw new CfluxError(
    'BAD_REQUEST',
    `the header ${headers.resultDigest} is missing: it must be the digest of the snapshot that the delta produces`,
    { outcome: 'notApplied' },
  );
}

const instanceOf = (request: IncomingMessage) => header(request, headers.instance);

const epochMismatch = () =>
  new CfluxError(
    'EPOCH_MISMATCH',
    'epoch mismatch: this manager has another history of the cluster; see the header Cflux-Epoch',
    {
      outcome: 'notApplied',
    },
  );
