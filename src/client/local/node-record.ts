import { CfluxError } from '../../errors.js';
import { isJsonObject, JsonObject, type JsonRefusal } from '../../json-object.js';
import type { Position } from './position.js';

/** Metadata that is known to be the cluster's: its version and its digest. */
export interface ConfirmedMetadata extends Position {
  /** `digestMetadata` of the metadata. */
  readonly digest: string;
}

/** The record of a node that has joined, stored in `cflux.json` (R11). */
export interface NodeRecord {
  readonly cluster: string;
  /** Assigned by the manager; valid only in `cluster`. */
  readonly nodeId?: number | undefined;
  /** The cluster id inside the metadata. */
  readonly clusterId?: bigint | undefined;
  readonly metadata?: ConfirmedMetadata | undefined;
  /** The local metadata if the node crashed between writing this record and writing the metadata. */
  readonly previous?: ConfirmedMetadata | undefined;
}

/** The file of a node's record. */
export const recordName = 'cflux.json';

const format = 1;

export function formatNodeRecord(record: NodeRecord): string {
  const { clusterId, metadata, previous, cluster, nodeId } = record;
  const lines = { format, cluster, nodeId, clusterId: clusterId?.toString(), ...metadata, previous };
  return `${JSON.stringify(lines, null, 2)}\n`;
}

/** Parses the output of {@link formatNodeRecord}; errors name `file`. */
export function parseNodeRecord(text: string, file: string): NodeRecord {
  const fields = JsonObject.parse(text, refusing(file));
  const written = fields.value('format');
  if (typeof written === 'number' && written > format) {
    throw new CfluxError(
      'STORAGE_FAILED',
      `${file}: written by a newer version of clusterflux (format ${written}, this one reads ${format})`,
    );
  }
  const clusterId = fields.optionalField('clusterId', isDigits, 'a string of digits');
  const hasPrevious = isJsonObject(fields.value('previous'));
  return {
    cluster: fields.text('cluster'),
    nodeId: nodeIdOf(fields.value('nodeId')),
    clusterId: clusterId === undefined ? undefined : BigInt(clusterId),
    metadata: confirmedOf(fields),
    previous: hasPrevious ? confirmedOf(fields.object('previous')) : undefined,
  };
}

/** Returns the id in a legacy client's `node_id.json`: `{"id":8001}`. */
export function parseLegacyNodeId(text: string, file: string): number | undefined {
  return nodeIdOf(JsonObject.parse(text, refusing(file)).value('id'));
}

/** Returns `undefined` if the node has not joined yet. */
function confirmedOf(fields: JsonObject): ConfirmedMetadata | undefined {
  const version = fields.optionalInteger('version');
  if (version === undefined) return undefined;
  const [epoch, mutation] = [fields.value('epoch'), fields.value('mutation')];
  return {
    version,
    digest: fields.text('digest'),
    ...(typeof epoch === 'string' ? { epoch } : {}),
    ...(typeof mutation === 'string' ? { mutation } : {}),
  };
}

const isDigits = (value: unknown): value is string => typeof value === 'string' && /^\d{1,20}$/.test(value);

const nodeIdOf = (value: unknown) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;

const refusing =
  (file: string): JsonRefusal =>
  ({ place, expected, cause }) =>
    new CfluxError('STORAGE_FAILED', `${file}: ${place === '' ? '' : `"${place}" is `}not ${expected}`, {
      cause,
    });
