import type { Commands } from './node.js';
import type { NodeProcess } from './node-process.js';

type Shown = Awaited<ReturnType<Commands['show']>>;

/** Counts what the nodes hold against what was acknowledged. */
export function verdict(run: {
  nodes: readonly NodeProcess[];
  shown: readonly Shown[];
  acknowledged: readonly string[];
  unheard: readonly string[];
  seeded: readonly string[];
}): { lines: string[]; good: boolean } {
  const { nodes, shown, acknowledged, unheard, seeded } = run;
  const lines = shown.map(({ version, digest, entries }, i) => {
    const node = nodes[i];
    return `${node?.name}: version ${version}, ${entries.length} entries, digest ${digest.slice(0, 16)}…, most tries for one push: ${node?.hardest}`;
  });
  const reference = shown[0];
  const equal = reference !== undefined && shown.every(({ digest }) => digest === reference.digest);
  const entries = reference?.entries ?? [];
  const count = (entry: string) => entries.filter((other) => other === entry).length;
  const lost = acknowledged.filter((entry) => count(entry) === 0);
  const doubled = entries.filter((entry) => count(entry) > 1);
  const invented = entries.filter((entry) => !acknowledged.includes(entry) && !unheard.includes(entry));
  const kept = seeded.every((name) => reference?.databases.includes(name));
  const good =
    equal && kept && acknowledged.length > 0 && lost.length + doubled.length + invented.length === 0;
  const made = unheard.filter((entry) => count(entry) === 1).length;
  lines.push(
    '',
    `${mark(equal)} all nodes hold equal metadata`,
    `${mark(kept)} the seeded databases are still there`,
    `${mark(lost.length === 0)} ${acknowledged.length} changes were acknowledged, ${acknowledged.length - lost.length} are there`,
    `${mark(doubled.length === 0)} ${doubled.length} are there twice`,
    `${mark(invented.length === 0)} of ${unheard.length} with an unknown outcome, ${made} were made, each once`,
  );
  return { lines, good };
}

const mark = (ok: boolean) => (ok ? '\x1b[32m✓\x1b[0m' : '\x1b[31m✗\x1b[0m');
