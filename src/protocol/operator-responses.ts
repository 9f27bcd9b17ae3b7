import { CfluxError } from '../errors.js';
import { JsonObject, type JsonRefusal } from '../json-object.js';
import type { NodeInfo } from './nodes.js';
import { nodeIn } from './response-bodies.js';

/** A kept version in a manager's list. */
export interface ListedVersion {
  readonly version: number;
  readonly mutation: string;
  /** When it was stored, in milliseconds since 1970 by the manager's clock. */
  readonly at: number;
  /** Bytes of the snapshot. */
  readonly size: number;
  readonly nodeId?: number;
  readonly author?: string;
  /** When the last live node had it, as the manager saw; absent if not all have it, or it is not known. */
  readonly reachedAt?: number;
}

/** A cluster in the manager's list. */
export interface ListedCluster extends Partial<ListedVersion> {
  readonly cluster: string;
  readonly epoch: string;
  readonly nodes: number;
  readonly alive: number;
}

/** A manager in the list of managers that share a store. */
export interface ListedManager {
  readonly id: string;
  readonly hostname: string;
  readonly bindAddress: string;
}

/** A node of any cluster. */
export interface ListedNode extends NodeInfo {
  readonly cluster: string;
}

// Responses are checked before they are shown, because another program than a manager may have sent them.

const refusing =
  (endpoint: string, what: string): JsonRefusal =>
  ({ place, expected, cause }) =>
    expected === 'JSON'
      ? new CfluxError(
          'BAD_ANSWER',
          `${endpoint}: the response is not JSON; check that the endpoint is a manager's`,
          { cause },
        )
      : new CfluxError(
          'BAD_ANSWER',
          `${what} is not a manager's response: ${place === '' ? 'it' : place} is not ${expected}`,
        );

/** The range of a date, in milliseconds since 1970. */
const moment = { min: 0, max: 8.64e15 };
const count = { min: 0 };

/** Parses the versions of a cluster. @throws `BAD_ANSWER`. */
export const readHistory = (json: string, endpoint: string): readonly ListedVersion[] =>
  JsonObject.parseList(json, refusing(endpoint, 'the history')).map(versionIn);

function versionIn(entry: JsonObject): ListedVersion {
  const nodeId = entry.optionalInteger('nodeId', count);
  const author = entry.optionalText('author');
  const reachedAt = entry.optionalInteger('reachedAt', moment);
  return {
    version: entry.integer('version', count),
    mutation: entry.text('mutation'),
    at: entry.integer('at', moment),
    size: entry.integer('size', count),
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(author === undefined ? {} : { author }),
    ...(reachedAt === undefined ? {} : { reachedAt }),
  };
}

/** Parses the list of clusters. @throws `BAD_ANSWER`. */
export const readClusters = (json: string, endpoint: string): readonly ListedCluster[] =>
  JsonObject.parseList(json, refusing(endpoint, 'the list of clusters')).map((entry) => ({
    cluster: entry.text('cluster'),
    epoch: entry.text('epoch'),
    ...(entry.value('version') === undefined ? {} : versionIn(entry)),
    nodes: entry.integer('nodes', count),
    alive: entry.integer('alive', count),
  }));

/** Parses the managers of a store and the nodes of every cluster. @throws `BAD_ANSWER`. */
export function readEverything(
  json: string,
  endpoint: string,
): {
  readonly cflux: readonly ListedManager[];
  readonly influx: readonly ListedNode[];
} {
  const everything = JsonObject.parse(json, refusing(endpoint, 'the list of managers and nodes'));
  return {
    cflux: everything.objects('cflux').map((entry) => ({
      id: entry.text('id'),
      hostname: entry.text('hostname'),
      bindAddress: entry.text('bindAddress'),
    })),
    influx: everything
      .objects('influx')
      .map((entry) => ({ cluster: entry.text('cluster'), ...nodeIn(entry) })),
  };
}
