import { setTimeout as wait } from 'node:timers/promises';
import { isCfluxError } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { balancer, isPush } from './support/balancer.js';
import { CfluxManager } from './support/cflux-manager.js';
import { database, type FaultNode, openNode, subscribe, subscriptions } from './support/nodes.js';

interface Outcomes {
  readonly acknowledged: string[];
  readonly refused: string[];
  readonly unknown: string[];
}

/** Makes a change, and records its result. */
async function note(node: FaultNode, name: string, outcomes: Outcomes): Promise<void> {
  try {
    await subscribe(node, name);
    outcomes.acknowledged.push(name);
  } catch (error) {
    // Applied twice, the second time would fail.
    expect(isCfluxError(error, 'SUBSCRIPTION_EXISTS')).toBe(false);
    (isCfluxError(error, 'UNKNOWN_OUTCOME') ? outcomes.unknown : outcomes.refused).push(name);
  }
}

/** The result of each change is true, and each version was made by a mutation of its own (R2, R3). */
async function holdAgainst(url: string, node: FaultNode, outcomes: Outcomes): Promise<void> {
  await node.client.refresh();
  const there = subscriptions(node);
  expect(new Set(there).size).toBe(there.length);
  expect(there).toEqual(expect.arrayContaining(outcomes.acknowledged));
  expect(there.filter((name) => outcomes.refused.includes(name))).toEqual([]);
  const answer = await fetch(`${url}/clusters/faults/history`);
  const history = (await answer.json()) as { version: number; mutation: string }[];
  expect(new Set(history.map(({ mutation }) => mutation)).size).toBe(history.length);
  // The seed, the database, and one for each change that is there.
  expect(history).toHaveLength(2 + there.length);
}

const empty = (): Outcomes => ({ acknowledged: [], refused: [], unknown: [] });

/** The longest attempt of a push; milliseconds. */
const longestAttempt = 150_000;

/** Changes of each node whose responses are lost; more at night: `LOST_RESPONSES=12`. */
const changes = Number(process.env['LOST_RESPONSES'] ?? 4);

describe('#2 an ambiguous timeout', () => {
  it('#2 R2, R3: a manager that is stopped during a push applies it once when it resumes, or never; the promise settles accordingly', async () => {
    const manager = await CfluxManager.start(['--memory', '--history', '1000']);
    const node = await openNode(manager.url, { haste: 1, mutationTimeout: 700 });
    await node.client.createDatabase(database);
    const outcomes = empty();
    const rounds = 4;
    for (let round = 0; round < rounds; round++) {
      manager.pause();
      await note(node, `stopped-${round}`, outcomes);
      manager.resume();
      await note(node, `running-${round}`, outcomes);
    }
    expect(outcomes.unknown.filter((name) => name.startsWith('stopped'))).toHaveLength(rounds);
    // What the client had given up was lying in the manager's socket.
    await wait(100);
    await holdAgainst(manager.url, node, outcomes);
    expect(subscriptions(node).filter((name) => name.startsWith('stopped')).length).toBeGreaterThan(0);
  });

  it('#2 R27: if every third response to a push is lost, each change is applied once, and no outcome is unknown', async () => {
    const manager = await CfluxManager.start(['--memory', '--history', '1000']);
    let pushes = 0;
    const open = async () => {
      const front = await balancer(manager.url);
      const node = await openNode(front.url, { haste: 10, mutationTimeout: 600_000 });
      // The connection breaks with the response, or only becomes silent.
      front.mischief = {
        answer: (passage) => {
          if (!isPush(passage) || ++pushes % 3 !== 0) return undefined;
          if (pushes % 2 === 0) return 'cut';
          // The node waits for the rest of its attempt in vain.
          node.clock.leap(longestAttempt);
          return 'silence';
        },
      };
      return { front, node };
    };
    const opened = await Promise.all([open(), open()]);
    const nodes = opened.map(({ node }) => node);
    await nodes[0]?.client.createDatabase(database);
    const outcomes = empty();
    for (let change = 0; change < changes; change++) {
      await Promise.all(nodes.map((node, at) => note(node, `${at}-${change}`, outcomes)));
    }
    expect(outcomes.unknown).toEqual([]);
    expect(outcomes.refused).toEqual([]);
    expect(outcomes.acknowledged).toHaveLength(2 * changes);
    for (const node of nodes) await holdAgainst(manager.url, node, outcomes);
    const repeated = opened
      .flatMap(({ front }) => front.passages)
      .filter(isPush)
      .map(({ headers }) => headers['cflux-mutation']);
    expect(repeated.length - new Set(repeated).size).toBeGreaterThanOrEqual(changes / 2);
  });
});
