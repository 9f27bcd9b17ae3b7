import type { Contents, Operation } from '../history.js';

/** R2, R3: compares the results of all callers for a list with its contents in the end. Returns the faults, in words. */
export function checkTruth(operations: readonly Operation[], final: Contents): string[] {
  const findings: string[] = [];
  const there = new Map<string, number>();
  for (const [key, list] of Object.entries(final)) {
    for (const value of list.split(' '))
      there.set(`${key} ${value}`, (there.get(`${key} ${value}`) ?? 0) + 1);
  }
  const asked = new Set<string>();
  for (const { id, call, outcome, result } of operations) {
    if (call.do === 'create') asked.add(`${call.key} ${call.value}`);
    if (call.do === 'make' || call.do === 'recreate') asked.add(`${call.key} there`);
    if (call.do !== 'append') continue;
    const entry = `${call.key} ${call.value}`;
    asked.add(entry);
    const times = there.get(entry) ?? 0;
    if (outcome === 'ok' && result === 'exists')
      findings.push(`${entry} was applied twice (operation ${id})`);
    if (outcome === 'ok' && times === 0)
      findings.push(`${entry} was acknowledged and is lost (operation ${id})`);
    if (outcome === 'failed' && times > 0)
      findings.push(`${entry} failed for certain and is there (operation ${id})`);
    if (times > 1) findings.push(`${entry} is there ${times} times (operation ${id})`);
  }
  for (const entry of there.keys()) {
    if (!entry.endsWith(' ') && !asked.has(entry)) findings.push(`nobody asked for ${entry}`);
  }
  return findings;
}
