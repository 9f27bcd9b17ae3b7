import { CfluxError } from '../errors.js';
import type { NodeDescription } from '../protocol/nodes.js';

/** What a manager takes at most; one input beyond a limit is refused with a clear error and changes nothing. */
export interface Limits {
  /** Bytes of one snapshot, decompressed. Default: 64 MiB. */
  readonly snapshotBytes: number;
  /**
   * Bytes of the request bodies that are under way, received and unpacked, and as many of the response bodies; at least twice
   * `snapshotBytes`. When more than half of them are taken, a cluster, and a token or address, may have a quarter, or one body.
   * Default: 256 MiB.
   */
  readonly bodyBytes: number;
  /**
   * Bytes of the offers that are kept after a loss of data, one for each cluster, until one of them becomes the cluster's data (R11); at
   * least `snapshotBytes`, and one more offer of a cluster that had to wait for room. Default: 256 MiB.
   */
  readonly offerBytes: number;
  /**
   * Polls held at once. When more than half of them are held, a cluster, and a token or address, may hold a quarter. A connection
   * holds at most 4. Default: 50,000.
   */
  readonly heldPolls: number;
  /** Pushes to one cluster that are under way: on the wire, or waiting for their turn. Default: 1,000. */
  readonly heldPushes: number;
  /** Clusters: a new one beyond it is refused, and those that exist stay served. Default: 10,000. */
  readonly clusters: number;
  /** Nodes of one cluster, alive or not. Default: 100,000. */
  readonly nodes: number;
}

export const defaultLimits: Limits = {
  snapshotBytes: 64 * 1024 * 1024,
  bodyBytes: 256 * 1024 * 1024,
  offerBytes: 256 * 1024 * 1024,
  heldPolls: 50_000,
  heldPushes: 1_000,
  clusters: 10_000,
  nodes: 100_000,
};

const maxName = 255;
const maxAddress = 4_096;
const maxAddresses = 256;

const refused = (message: string) => new CfluxError('BAD_REQUEST', message, { outcome: 'notApplied' });

// Most names, told at once.
const plainName = /^[\w.-]{1,255}$/;

/** Refuses what can not name a cluster: nothing, more than 255 bytes of UTF-8, half a surrogate pair. */
export function checkClusterName(name: string): void {
  if (plainName.test(name)) return;
  if (name === '') throw refused('the name of a cluster must not be empty');
  if (/\p{Surrogate}/u.test(name)) throw refused('the name of a cluster must be well-formed Unicode');
  const bytes = Buffer.byteLength(name);
  if (bytes > maxName) {
    throw refused(`the name of a cluster has at most ${maxName} bytes, this one has ${bytes}`);
  }
}

/** Refuses an epoch or mutation id that is no short visible ASCII text. */
export function checkToken(what: string, token: string | undefined): void {
  if (token !== undefined && !/^[\x21-\x7e]{1,128}$/.test(token)) {
    throw refused(`${what} must be 1 to 128 visible ASCII characters`);
  }
}

/** Refuses a description whose fields are too long to be what they claim. */
export function checkDescription(node: NodeDescription): void {
  const fields = { ip: node.ip, hostname: node.hostname, bindAddress: node.bindAddress ?? '' };
  for (const [field, value] of Object.entries(fields)) {
    if (value.length > maxAddress) throw refused(`${field} has at most ${maxAddress} characters`);
  }
  if ((node.addresses?.length ?? 0) > maxAddresses) throw refused(`at most ${maxAddresses} addresses`);
}

/** A new cluster where there are as many as there may be. */
export const tooManyClusters = (most: number) =>
  new CfluxError(
    'TOO_MANY_REQUESTS',
    `new cluster refused: there are ${most} clusters; delete unused ones, or raise the limit of clusters`,
    { outcome: 'notApplied', retryable: true },
  );

/** A cluster that has as many nodes as it may have. */
export const tooManyNodes = (most: number) =>
  new CfluxError('TOO_MANY_REQUESTS', `the cluster has ${most} nodes already: remove those that are gone`, {
    outcome: 'notApplied',
    retryable: true,
  });
