import type { AuditEntry } from '../manager/index.js';
import { printableJson } from '../printable.js';

/** A change on one line, for a log: when, what, and by whom. Names are in JSON, so that none can begin a line of its own. */
export function auditLine(
  { action, cluster, version, nodeId, author, remote }: AuditEntry,
  now: number,
): string {
  const fields = { cluster, version, node: nodeId, by: author, from: remote };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const text = given.map(([name, value]) => `${name}=${printableJson(JSON.stringify(value))}`).join(' ');
  return `${new Date(now).toISOString()} ${action} ${text}`;
}
