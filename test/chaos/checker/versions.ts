import type { Call, History, Operation } from '../history.js';

const before = (a: Operation, b: Operation) => a.end < b.begin;
const say = (call: Call) =>
  'value' in call ? `${call.do} ${call.key} ${call.value}` : `${call.do} ${'key' in call ? call.key : ''}`;

/**
 * Whether the whole history, all keys together, is consistent with its versions. A manager hands out its history's versions: with them the order is known,
 * and to check it needs no search (P. B. Gibbons and E. Korach, “Testing shared memories”, SIAM Journal on Computing 26(4),
 * 1997). Answers what is wrong, in words.
 */
export function checkVersions({ operations, observations }: History): string[] {
  return [
    ...oneHistory(operations, observations),
    ...versionsMeanOneThing(observations),
    ...versionsRise(observations),
    ...orderIsThatOfTime(operations),
    ...changesAreWhereTheyBelong(operations),
  ];
}

/** No store of these runs loses anything: then its epoch never changes. */
function oneHistory(operations: History['operations'], observations: History['observations']): string[] {
  const epochs = new Set([...operations, ...observations].flatMap(({ at }) => (at ? [at.epoch] : [])));
  return epochs.size > 1 ? [`the epoch changed: ${[...epochs].join(', ')}`] : [];
}

/** Whoever has a version has the same data. */
function versionsMeanOneThing(observations: History['observations']): string[] {
  const seen = new Map<number, History['observations'][number]>();
  const findings: string[] = [];
  for (const observation of observations) {
    const { at, digest, client } = observation;
    const first = seen.get(at.version);
    if (first === undefined) seen.set(at.version, observation);
    else if (first.digest !== digest) {
      findings.push(`version ${at.version} is one thing to ${first.client} and another to ${client}`);
    }
  }
  return findings;
}

/** R5: on a node, in one of its lives, versions only rise. */
function versionsRise(observations: History['observations']): string[] {
  const last = new Map<string, number>();
  const findings: string[] = [];
  for (const { client, at } of observations) {
    const previous = last.get(client) ?? 0;
    if (at.version < previous) findings.push(`${client} fell from version ${previous} to ${at.version}`);
    last.set(client, at.version);
  }
  return findings;
}

/** What ended before something else began has a lower version, or, where that is a read, the same. */
function orderIsThatOfTime(operations: readonly Operation[]): string[] {
  const versioned = operations.filter(({ outcome, at }) => outcome === 'ok' && at !== undefined);
  const byEnd = [...versioned].sort((a, b) => a.end - b.end);
  const byBegin = [...versioned].sort((a, b) => a.begin - b.begin);
  const findings: string[] = [];
  let ended = 0;
  let newest: Operation | undefined;
  for (const operation of byBegin) {
    for (let next = byEnd[ended]; next !== undefined && before(next, operation); next = byEnd[++ended]) {
      if ((next.at?.version ?? 0) > (newest?.at?.version ?? 0)) newest = next;
    }
    const [had, has] = [newest?.at?.version ?? 0, operation.at?.version ?? 0];
    if (operation.call.do === 'read' ? has < had : has <= had) {
      findings.push(
        `operation ${operation.id} of ${operation.client} (${say(operation.call)}) has version ${has}, though operation ${newest?.id} had ended with ${had}`,
      );
    }
  }
  return findings;
}

/** An entry of a list is in every version from its own on, and in none before. */
function changesAreWhereTheyBelong(operations: readonly Operation[]): string[] {
  const appended = new Map<string, { readonly key: string; readonly version: number }>();
  for (const { call, outcome, at } of operations) {
    if (call.do === 'append' && outcome === 'ok' && at)
      appended.set(`${call.key} ${call.value}`, { key: call.key, version: at.version });
  }
  const findings: string[] = [];
  for (const { id, call, result, at } of operations) {
    if (call.do !== 'read' || typeof result !== 'object' || at === undefined) continue;
    const read = new Set(
      Object.entries(result).flatMap(([key, list]) => list.split(' ').map((one) => `${key} ${one}`)),
    );
    const keys = call.keys && new Set(call.keys);
    for (const [entry, { key, version }] of appended) {
      if (keys?.has(key) === false) continue;
      if (read.has(entry) !== version <= at.version) {
        findings.push(
          `read ${id} of version ${at.version} has ${read.has(entry) ? '' : 'not '}${entry} of version ${version}`,
        );
      }
    }
  }
  return findings;
}
