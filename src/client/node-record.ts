import { CfluxError } from '../errors.js';
import type { Position } from './position.js';

/** Metadata that a node knows to be the cluster's: which version it is, and the digest it is recognised by. */
export interface ConfirmedMetadata extends Position {
  /** `digestMetadata` of it. */
  readonly digest: string;
}

/** What a node that has joined remembers, in `cflux.json` (R11). */
export interface NodeRecord {
  readonly cluster: string;
  /** Given by the manager; belongs to `cluster` alone. */
  readonly nodeId?: number | undefined;
  /** The cluster id inside the metadata. */
  readonly clusterId?: bigint | undefined;
  readonly metadata?: ConfirmedMetadata | undefined;
  /** What the local metadata still is if the node died between writing this record and writing the metadata. */
  readonly previous?: ConfirmedMetadata | undefined;
}

const format = 1;

export function formatNodeRecord(record: NodeRecord): string {
  const { clusterId, metadata, previous, cluster, nodeId } = record;
  const lines = { format, cluster, nodeId, clusterId: clusterId?.toString(), ...metadata, previous };
  return `${JSON.stringify(lines, null, 2)}\n`;
}

/** Reads what {@link formatNodeRecord} wrote; `place` names it in the error. */
export function parseNodeRecord(text: string, place: string): NodeRecord {
  const fields = parseObject(text, place);
  const refuse = (what: string): never => {
    throw new CfluxError('STORAGE_FAILED', `${place}: ${what}`);
  };
  if (typeof fields['format'] === 'number' && fields['format'] > format) {
    refuse(
      `written by a newer version of clusterflux (format ${fields['format']}, this one reads ${format})`,
    );
  }
  const cluster = fields['cluster'];
  if (typeof cluster !== 'string') return refuse('"cluster" is not a string');
  const clusterId = fields['clusterId'];
  if (clusterId !== undefined && !(typeof clusterId === 'string' && /^\d{1,20}$/.test(clusterId))) {
    return refuse('"clusterId" is not a string of digits');
  }
  return {
    cluster,
    nodeId: nodeIdOf(fields['nodeId']),
    clusterId: clusterId === undefined ? undefined : BigInt(clusterId),
    metadata: confirmedOf(fields, '', refuse),
    previous: isObject(fields['previous']) ? confirmedOf(fields['previous'], 'previous.', refuse) : undefined,
  };
}

/** The id in a Go client's `node_id.json`: `{"id":8001}`. */
export function parseLegacyNodeId(text: string, place: string): number | undefined {
  return nodeIdOf(parseObject(text, place)['id']);
}

/** Absent where the node has not joined yet. */
function confirmedOf(
  { version, epoch, mutation, digest }: Record<string, unknown>,
  place: string,
  refuse: (what: string) => never,
): ConfirmedMetadata | undefined {
  if (version === undefined) return undefined;
  if (typeof version !== 'number' || !Number.isSafeInteger(version)) {
    return refuse(`"${place}version" is not a whole number`);
  }
  if (typeof digest !== 'string') return refuse(`"${place}digest" is not a string`);
  return {
    version,
    digest,
    ...(typeof epoch === 'string' ? { epoch } : {}),
    ...(typeof mutation === 'string' ? { mutation } : {}),
  };
}

const nodeIdOf = (value: unknown) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;

function parseObject(text: string, place: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CfluxError('STORAGE_FAILED', `${place}: not JSON`, { cause });
  }
  if (!isObject(value)) throw new CfluxError('STORAGE_FAILED', `${place}: not a JSON object`);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
