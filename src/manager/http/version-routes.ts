import type { IncomingMessage } from 'node:http';
import { CfluxError } from '../../errors.js';
import { maxPushedDelta, namesVcdiff, taggedEpoch, vcdiffType, versionTag } from '../../protocol/deltas.js';
import { writeDropOrders } from '../../protocol/drop-orders.js';
import { headers } from '../../protocol/headers.js';
import { randomUuid } from '../../random.js';
import type { ManagerPushResult } from '../pushes/manager-push.js';
import { isDeltaRefusal } from '../pushes/pushed-delta.js';
import type { Exchange, RouteHandlers, RouteOf } from './exchange.js';
import { isLegacyPoll } from './legacy-request.js';
import { withBody } from './request-body.js';
import { checkDigest, dropsOf, header, nodeIdOf, offerOf, sinceOf, waitOf } from './request-headers.js';
import { sendDelta, sendEmpty, sendError, sendListing, sendSnapshot } from './responses.js';
import { missingScope } from './scopes.js';
import type { VersionForm } from './version-forms.js';

/** The routes for metadata: pushes, of snapshots and of deltas, polls and drop orders. */
export const versionRoutes: RouteHandlers<'push' | 'patch' | 'poll' | 'dropOrders'> = {
  async push(exchange, route) {
    const { manager, pushes, connections, request, access, open } = exchange;
    const { cluster } = route;
    const most = manager.limits.snapshotBytes;
    const identified = identity(exchange, route);
    const result = await pushes.counting(cluster, () =>
      withBody(exchange, { cluster, most }, async (snapshot) => {
        checkDigest(request, snapshot);
        return manager.push(
          { ...identified, offer: offerOf(request), snapshot },
          { requester: connections.requesterOf(request, access), signal: open.signal },
        );
      }),
    );
    await sendPushResult(exchange, route, { result, form: 'snapshot' });
  },

  async patch(exchange, route) {
    const { manager, pushes, forms, connections, request, access, open } = exchange;
    const { cluster } = route;
    const digest = checkedPatch(request);
    const identified = identity(exchange, route);
    const most = Math.min(maxPushedDelta, manager.limits.snapshotBytes);
    const result = await pushes
      .counting(cluster, () =>
        withBody(exchange, { cluster, most }, async (bytes, use) => {
          checkDigest(request, bytes);
          return manager.push(
            { ...identified, delta: { bytes, digest } },
            {
              requester: connections.requesterOf(request, access),
              signal: open.signal,
              reserve: (more) => use.take(more),
            },
          );
        }),
      )
      .catch((error: unknown) => {
        if (isDeltaRefusal(error)) forms.fallbacks.refused += 1;
        throw error;
      });
    await sendPushResult(exchange, route, { result, form: 'delta' });
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
      { requester, signal: open, connection: request.socket, isNode, isLegacy: isLegacyPoll(request) },
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

  async dropOrders(exchange, { cluster }) {
    const { manager, request, response } = exchange;
    const epoch = header(request, headers.epoch);
    const result = await manager.dropOrders({ cluster, since: sinceOf(request), epoch });
    if (result.kind === 'epochMismatch') return sendError(request, response, epochMismatch(), result);
    response.setHeader(headers.version, String(result.version));
    response.setHeader(headers.epoch, result.epoch);
    await sendListing(exchange, { before: writeDropOrders(result), items: [], separator: '', after: '' });
  },
};

/** Returns what a push states about itself, apart from its body. */
function identity({ manager, request, access }: Exchange, { cluster, version }: RouteOf<'push' | 'patch'>) {
  // A legacy client sends no mutation id; its version needs one anyway.
  const mutation = header(request, headers.mutation) ?? randomUuid(manager.random);
  const epoch = header(request, headers.epoch);
  const acceptsDelta =
    namesVcdiff(header(request, headers.acceptDelta)) && versionTag({ epoch, version }) !== undefined;
  const [nodeId, instance] = [nodeIdOf(request), instanceOf(request)];
  const requester = header(request, headers.requester);
  const drops = dropsOf(request);
  if (drops?.confirmed && !access.isAdmin) throw needsAdmin();
  return { cluster, version, mutation, epoch, nodeId, requester, instance, acceptsDelta, drops };
}

function sendPushResult(
  exchange: Exchange,
  { cluster, version }: RouteOf<'push' | 'patch'>,
  { result, form }: { readonly result: ManagerPushResult; readonly form: VersionForm },
): Promise<void> | void {
  const { request, response, forms } = exchange;
  switch (result.kind) {
    case 'committed':
      forms.pushed[form] += 1;
      if (result.hasDrops) response.setHeader(headers.drops, 'stored');
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

const needsAdmin = () =>
  new CfluxError('FORBIDDEN', `confirming drops on all servers ${missingScope(['admin'])}`, {
    outcome: 'notApplied',
  });

const epochMismatch = () =>
  new CfluxError(
    'EPOCH_MISMATCH',
    'epoch mismatch: this manager has another history of the cluster; see the header Cflux-Epoch',
    {
      outcome: 'notApplied',
    },
  );
