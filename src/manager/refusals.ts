import { CfluxError, type Outcome } from '../errors.js';

/** The manager is closing; nothing was stored. */
export const managerClosed = () =>
  new CfluxError('UNAVAILABLE', 'the manager is closing: nothing was stored; use another manager or retry', {
    retryable: true,
    outcome: 'notApplied',
    retryAfter: 1_000,
  });

/** Wire text for an id that the cluster never assigned; clients match on it. */
export const nodeNotFound = (nodeId: number) =>
  new CfluxError('NODE_NOT_FOUND', `Key not found: node ${nodeId}`, { outcome: 'notApplied' });

/** Two processes use one id: the actions of one would be attributed to the other. */
export const duplicateNode = (nodeId: number) =>
  new CfluxError(
    'DUPLICATE_NODE',
    `two processes use the id of node ${nodeId}: register for another one, and give each its own directory`,
    { outcome: 'notApplied' },
  );

export const clusterNotFound = (cluster: string) =>
  new CfluxError('CLUSTER_NOT_FOUND', `cluster not found: ${JSON.stringify(cluster)}`, {
    outcome: 'notApplied',
  });

export const versionNotFound = (version: number) =>
  new CfluxError('VERSION_NOT_FOUND', `version not found: ${version} is not retained (any more)`);

/** The nodes cannot be expected to get the version any more. */
export const historyChanged = (version: number) =>
  new CfluxError(
    'EPOCH_MISMATCH',
    `epoch mismatch: version ${version} is not part of the present history of the cluster, so no node can have it`,
    { outcome: 'notApplied' },
  );

const emptySnapshot = () =>
  new CfluxError('BAD_REQUEST', 'the snapshot is empty: encoded metadata has at least one byte', {
    outcome: 'notApplied',
  });

/** Returns a pushed snapshot; refuses one without bytes, or with more than `most`. */
export function checkedSnapshot(snapshot: Uint8Array | undefined, most: number): Uint8Array {
  if (snapshot === undefined || snapshot.byteLength === 0) throw emptySnapshot();
  if (snapshot.byteLength > most) throw tooLarge(snapshot.byteLength, most);
  return snapshot;
}

const tooLarge = (bytes: number, most: number) =>
  new CfluxError(
    'TOO_LARGE',
    `the snapshot is too large: it has ${bytes} bytes, at most ${most} are accepted`,
    {
      outcome: 'notApplied',
    },
  );

export const noRoomForOffer = (retryAfter: number) =>
  new CfluxError(
    'UNAVAILABLE',
    'no room for the offer: other collections have not ended; offer again later',
    {
      retryable: true,
      outcome: 'notApplied',
      retryAfter,
    },
  );

const tooManyRequests = (message: string) =>
  new CfluxError('TOO_MANY_REQUESTS', message, { retryable: true, outcome: 'notApplied', retryAfter: 5_000 });

export const tooManyPolls = () => tooManyRequests('too many polls are held: retry later');

export const tooManyPollsOfConnection = (most: number) =>
  tooManyRequests(
    `this connection has reached its limit of ${most} held polls: send the next one after a response`,
  );

export const tooManyPollsOfOwner = () =>
  tooManyRequests(
    'this cluster, token or address has used its share of the held polls of a busy manager: retry later',
  );

export const keepsNoDropOrders = () =>
  new CfluxError('NO_SUCH_ROUTE', 'the store of this manager keeps no drop orders', {
    outcome: 'notApplied',
  });

/** The store hangs: requests do not wait for it any longer. */
export const storeIsLate = (store: string, ms: number, outcome: Outcome) =>
  new CfluxError('UNAVAILABLE', `the store did not respond within ${ms} ms: ${store}`, {
    retryable: true,
    outcome,
  });
