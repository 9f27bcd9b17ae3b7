import { CfluxError } from '../errors.js';
import type { VersionRecord } from '../manager/index.js';
import { readNodes } from '../protocol/answers.js';
import type { NodeInfo } from '../protocol/nodes.js';

/** A cluster as the manager lists it. */
export interface ListedCluster extends Partial<VersionRecord> {
  readonly cluster: string;
  readonly epoch: string;
  readonly nodes: number;
  readonly alive: number;
}

/** A manager as it is listed beside others on the same store. */
export interface ListedManager {
  readonly id: string;
  readonly hostname: string;
  readonly bindAddress: string;
}

/** A node of any cluster. */
export interface ListedNode extends NodeInfo {
  readonly cluster: string;
}

// What an operator is shown is checked before: something else than a manager may have answered.

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
/** Milliseconds since 1970 that a date can have. */
const isMoment = (value: unknown): value is number => isCount(value) && value <= 8.64e15;

const refused = (what: string) => new CfluxError('BAD_ANSWER', `${what} is not what a manager answers`);

function listOf<T>(value: unknown, what: string, read: (fields: Fields) => T | undefined): readonly T[] {
  if (!Array.isArray(value)) throw refused(what);
  return value.map((entry: unknown) => {
    const item = isFields(entry) ? read(entry) : undefined;
    if (item === undefined) throw refused(what);
    return item;
  });
}

/** The versions of a cluster. @throws `BAD_ANSWER`. */
export const readHistory = (value: unknown): readonly VersionRecord[] =>
  listOf(value, 'the history', versionOf);

function versionOf({ version, mutation, at, size, nodeId, author }: Fields): VersionRecord | undefined {
  if (!isCount(version) || !isText(mutation) || !isMoment(at) || !isCount(size)) return undefined;
  if (nodeId !== undefined && !isCount(nodeId)) return undefined;
  if (author !== undefined && !isText(author)) return undefined;
  const who = { ...(nodeId === undefined ? {} : { nodeId }), ...(author === undefined ? {} : { author }) };
  return { version, mutation, at, size, ...who };
}

/** Every cluster. @throws `BAD_ANSWER`. */
export const readClusters = (value: unknown): readonly ListedCluster[] =>
  listOf(value, 'the list of clusters', (fields) => {
    const { cluster, epoch, nodes, alive } = fields;
    if (!isText(cluster) || !isText(epoch) || !isCount(nodes) || !isCount(alive)) return undefined;
    const latest = fields['version'] === undefined ? {} : versionOf(fields);
    return latest && { cluster, epoch, ...latest, nodes, alive };
  });

/** The managers of a store, and the nodes of every cluster. @throws `BAD_ANSWER`. */
export function readEverything(value: unknown): {
  readonly cflux: readonly ListedManager[];
  readonly influx: readonly ListedNode[];
} {
  if (!isFields(value)) throw refused('the list of managers and nodes');
  const cflux = listOf(value['cflux'], 'the list of managers', ({ id, hostname, bindAddress }) =>
    isText(id) && isText(hostname) && isText(bindAddress) ? { id, hostname, bindAddress } : undefined,
  );
  const clusters = listOf(value['influx'], 'the list of nodes', ({ cluster }) =>
    isText(cluster) ? { cluster } : undefined,
  );
  const nodes = readNodes(JSON.stringify(value['influx']));
  return { cflux, influx: nodes.map((node, at) => ({ cluster: clusters[at]?.cluster ?? '', ...node })) };
}
