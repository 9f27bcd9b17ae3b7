import type { AuditEntry } from '../manager/index.js';
import { printableJson } from '../printable.js';

/** Formats a change as one line of a log: time, action and author. Names are in JSON, so that none can contain a line feed. */
export function auditLine(
  { action, cluster, version, nodeId, author, remote }: AuditEntry,
  now: number,
): string {
  const fields = { cluster, version, node: nodeId, by: author, from: remote };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const text = given.map(([name, value]) => `${name}=${printableJson(JSON.stringify(value))}`).join(' ');
  return `${new Date(now).toISOString()} ${action} ${text}`;
}
