import type { Commands } from './node.js';
import { mark } from './screen.js';

export type Shown = Awaited<ReturnType<Commands['show']>>;

/** Counts what the nodes hold against what was acknowledged. */
export function verdict(run: {
  shown: readonly Shown[];
  acknowledged: readonly string[];
  unheard: readonly string[];
  seeded: readonly string[];
}): { lines: string[]; good: boolean } {
  const { shown, acknowledged, unheard, seeded } = run;
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
  const lines = [
    `${mark(equal)} all nodes hold equal metadata`,
    `${mark(kept)} the seeded databases are still there`,
    `${mark(lost.length === 0)} ${acknowledged.length} changes were acknowledged, ${acknowledged.length - lost.length} are there`,
    `${mark(doubled.length === 0)} ${doubled.length} are there twice`,
    `${mark(invented.length === 0)} of ${unheard.length} with an unknown outcome, ${made} were made, each once`,
  ];
  return { lines, good };
}
