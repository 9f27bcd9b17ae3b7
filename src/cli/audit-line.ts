import type { AuditEntry } from '../manager/index.js';
import { printableJson } from '../printable.js';
import type { OrderedItem } from '../protocol/drop-orders.js';

/** Formats a change as one line of a log: time, action and author. Names are in JSON, so that none can contain a line feed. */
export function auditLine(
  { action, cluster, version, nodeId, drops, author, remote }: AuditEntry,
  now: number,
): string {
  const fields = { cluster, version, node: nodeId, drops: drops?.map(nameOf), by: author, from: remote };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const text = given.map(([name, value]) => `${name}=${printableJson(JSON.stringify(value))}`).join(' ');
  return `${new Date(now).toISOString()} ${action} ${text}`;
}

const nameOf = (item: OrderedItem): string =>
  item.kind === 'database' ? item.database : `${item.database}.${item.policy}`;
