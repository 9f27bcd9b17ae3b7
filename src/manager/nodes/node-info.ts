import { JsonObject } from '../../json-object.js';
import { type NodeReport, reportIn } from '../../protocol/node-report.js';
import type { NodeInfo } from '../../protocol/nodes.js';
import type { Head, StoredNode } from '../manager-store.js';
import type { ReportedVersion } from './tracked-node.js';

/** Returns the public form of a node. Only versions that the present history can confirm are included (R28). */
export function nodeInfoOf(node: StoredNode, head: Head): NodeInfo {
  const report = reportOf(node);
  return { ...nodeWithoutReport(node, head), ...(report === undefined ? {} : { report }) };
}

/** Parses the report of a node's agent, if there is one. */
export const reportOf = ({ reportJson }: StoredNode): NodeReport | undefined =>
  reportJson === undefined ? undefined : reportIn(JsonObject.parse(reportJson));

/** As {@link nodeInfoOf}, without the report, which takes longest. */
export function nodeWithoutReport({ progress, reportJson: _, ...node }: StoredNode, head: Head): NodeInfo {
  const { kind, instance, epoch, age, isDuplicate } = progress ?? {};
  const isOfHistory = epoch === undefined || epoch === head.epoch;
  const held = isOfHistory ? counted(progress?.held, head) : undefined;
  const applied = isOfHistory ? counted(progress?.applied, head) : appliedNothing(progress?.applied);
  return {
    ...node,
    ...(kind === undefined ? {} : { kind }),
    ...(instance === undefined ? {} : { instance }),
    ...(held === undefined ? {} : { heldVersion: held }),
    ...(applied === undefined ? {} : { appliedVersion: applied }),
    ...(age === undefined ? {} : { lastSeen: Math.round(age) }),
    ...(isDuplicate ? { duplicate: true } : {}),
  };
}

/** Returns the reported version if it is kept, or older than the kept ones. Any other belongs to a lost history. */
function counted(progress: ReportedVersion | undefined, { latest, retained }: Head): number | undefined {
  if (progress === undefined) return undefined;
  const kept = retained ?? (latest === undefined ? [] : [latest]);
  const oldest = kept.at(-1)?.version ?? 1;
  const counts = (version: number) => version < oldest || kept.some((record) => record.version === version);
  // After a restore of the store, the highest version may be lost, while the last one is the present version of the node.
  return [progress.highest, progress.last].find(counts);
}

/** Version 0, for nothing applied yet, is valid in any history. */
const appliedNothing = (progress: ReportedVersion | undefined) => (progress?.last === 0 ? 0 : undefined);
