import { CfluxError } from '../errors.js';
import type { NodeDescription } from '../protocol/nodes.js';

/** The limits of a manager; input beyond a limit is refused with a clear error and changes nothing. */
export interface Limits {
  /** Bytes of one snapshot, decompressed. Default: 64 MiB. */
  readonly snapshotBytes: number;
  /**
   * Bytes of all request bodies in progress, compressed and decompressed, and separately of all response bodies; at least twice
   * `snapshotBytes`. When more than half of them are in use, a cluster, and a token or address, may use a quarter, or one body.
   * Default: 256 MiB.
   */
  readonly bodyBytes: number;
  /**
   * Bytes of the offers that are kept after a loss of data, one for each cluster, until one of them becomes the cluster's data (R11); at
   * least `snapshotBytes`, plus one more offer of a cluster that had to wait for room. Default: 256 MiB.
   */
  readonly offerBytes: number;
  /**
   * Polls held at once. When more than half of them are held, a cluster, and a token or address, may hold a quarter. A connection
   * holds at most 4. Default: 50,000.
   */
  readonly heldPolls: number;
  /** Pushes to one cluster in progress: in transfer, or waiting in the push queue. Default: 1,000. */
  readonly heldPushes: number;
  /** Number of clusters: a new one beyond it is refused, existing ones are still served. Default: 10,000. */
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

// A fast path for most names.
const plainName = /^[\w.-]{1,255}$/;

/** Refuses invalid cluster names: empty, longer than 255 bytes of UTF-8, or with a lone surrogate. */
export function checkClusterName(name: string): void {
  if (plainName.test(name)) return;
  if (name === '') throw refused('invalid cluster name: it must not be empty');
  if (/\p{Surrogate}/u.test(name)) throw refused('invalid cluster name: it must be well-formed Unicode');
  const bytes = Buffer.byteLength(name);
  if (bytes > maxName) {
    throw refused(`invalid cluster name: it has ${bytes} bytes, at most ${maxName} bytes are allowed`);
  }
}

/** Refuses an epoch or mutation id that is not a short text of visible ASCII characters. */
export function checkToken(what: string, token: string | undefined): void {
  if (token !== undefined && !/^[\x21-\x7e]{1,128}$/.test(token)) {
    throw refused(`${what} must be 1 to 128 visible ASCII characters`);
  }
}

/** Refuses to wait for what is not a version. */
export function checkWaitedVersion(version: number): void {
  if (!Number.isSafeInteger(version) || version <= 0)
    throw refused(`cannot wait for version ${version}: it must be a version above 0`);
}

/** Refuses a description with fields that are too long. */
export function checkDescription(node: NodeDescription): void {
  const fields = { ip: node.ip, hostname: node.hostname, bindAddress: node.bindAddress ?? '' };
  for (const [field, value] of Object.entries(fields)) {
    if (value.length > maxAddress)
      throw refused(`invalid node description: ${field} may have at most ${maxAddress} characters`);
  }
  if ((node.addresses?.length ?? 0) > maxAddresses)
    throw refused(`invalid node description: it may have at most ${maxAddresses} addresses`);
}

/** Refuses a new cluster beyond the limit. */
export const tooManyClusters = (most: number) =>
  new CfluxError(
    'TOO_MANY_REQUESTS',
    `new cluster refused: the limit of ${most} clusters is reached; delete unused ones, or raise the limit`,
    { outcome: 'notApplied', retryable: true },
  );

/** Refuses a new node beyond the limit. */
export const tooManyNodes = (most: number) =>
  new CfluxError(
    'TOO_MANY_REQUESTS',
    `new node refused: the cluster has reached its limit of ${most} nodes; remove unused ones`,
    {
      outcome: 'notApplied',
      retryable: true,
    },
  );
