import { JsonObject } from '../../json-object.js';
import { reportIn } from '../../protocol/node-report.js';
import type { NodeInfo } from '../../protocol/nodes.js';
import type { Head, StoredNode } from '../manager-store.js';
import type { SaidVersion } from './voice.js';

/** A node as it is shown: of the versions that it said only those count that the present history can confirm (R28). */
export function shownNode({ said, reportJson, ...node }: StoredNode, head: Head): NodeInfo {
  const { kind, instance, epoch, age, isDuplicate } = said ?? {};
  const isOfHistory = epoch === undefined || epoch === head.epoch;
  const held = isOfHistory ? counted(said?.held, head) : undefined;
  const applied = isOfHistory ? counted(said?.applied, head) : appliedNothing(said?.applied);
  return {
    ...node,
    ...(kind === undefined ? {} : { kind }),
    ...(instance === undefined ? {} : { instance }),
    ...(held === undefined ? {} : { heldVersion: held }),
    ...(applied === undefined ? {} : { appliedVersion: applied }),
    ...(age === undefined ? {} : { lastSeen: Math.round(age) }),
    ...(isDuplicate ? { duplicate: true } : {}),
    ...(reportJson === undefined ? {} : { report: reportIn(JsonObject.parse(reportJson)) }),
  };
}

/** The version that a node has, by what it said: one that is kept, or older than those. Any other is of a history that was lost. */
function counted(said: SaidVersion | undefined, { latest, retained }: Head): number | undefined {
  if (said === undefined) return undefined;
  const kept = retained ?? (latest === undefined ? [] : [latest]);
  const oldest = kept.at(-1)?.version ?? 1;
  const counts = (version: number) => version < oldest || kept.some((record) => record.version === version);
  // After a store was restored the highest is of the future that was lost, and the node says the version that it has now.
  return [said.highest, said.last].find(counts);
}

/** An agent that has applied nothing yet says so in any history. */
const appliedNothing = (said: SaidVersion | undefined) => (said?.last === 0 ? 0 : undefined);
