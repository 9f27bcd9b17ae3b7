import { CfluxError, type Outcome } from '../errors.js';

/** The manager is closing; nothing was stored. */
export const managerClosed = () =>
  new CfluxError('UNAVAILABLE', 'the manager is closing', {
    retryable: true,
    outcome: 'notApplied',
    retryAfter: 1_000,
  });

/** What a cluster says of an id that it never gave. */
export const nodeNotFound = (nodeId: number) =>
  new CfluxError('NODE_NOT_FOUND', `Key not found: node ${nodeId}`, { outcome: 'notApplied' });

/** Two processes were heard under one id: what one of them does would be taken for the other's. */
export const duplicateNode = (nodeId: number) =>
  new CfluxError(
    'DUPLICATE_NODE',
    `two processes use the id of node ${nodeId}: register for another one, and give each its own directory`,
    { outcome: 'notApplied' },
  );

export const clusterNotFound = (cluster: string) =>
  new CfluxError('CLUSTER_NOT_FOUND', `there is no cluster ${JSON.stringify(cluster)}`, {
    outcome: 'notApplied',
  });

export const versionNotFound = (version: number) =>
  new CfluxError('VERSION_NOT_FOUND', `version ${version} is not kept (any more)`);

export const emptySnapshot = () =>
  new CfluxError('BAD_REQUEST', 'the snapshot is empty: no metadata encodes to nothing', {
    outcome: 'notApplied',
  });

export const tooLarge = (bytes: number, most: number) =>
  new CfluxError('TOO_LARGE', `a snapshot has at most ${most} bytes, this one has ${bytes}`, {
    outcome: 'notApplied',
  });

export const noRoomForOffer = (retryAfter: number) =>
  new CfluxError(
    'UNAVAILABLE',
    'too many bytes of offers are kept until their collections end: offer again',
    {
      retryable: true,
      outcome: 'notApplied',
      retryAfter,
    },
  );

const tooManyRequests = (message: string) =>
  new CfluxError('TOO_MANY_REQUESTS', message, { retryable: true, outcome: 'notApplied', retryAfter: 5_000 });

export const tooManyPolls = () => tooManyRequests('too many polls are held');

export const tooManyPollsOfConnection = (most: number) =>
  tooManyRequests(`this connection holds ${most} polls: send the next one after a response`);

export const tooManyPollsOfOwner = () =>
  tooManyRequests('this cluster, token or address holds its share of the polls of a busy manager');

/** The store hangs: what waits for it is not waited for any longer. */
export const storeIsLate = (store: string, ms: number, outcome: Outcome) =>
  new CfluxError('UNAVAILABLE', `the store did not respond within ${ms} ms: ${store}`, {
    retryable: true,
    outcome,
  });
