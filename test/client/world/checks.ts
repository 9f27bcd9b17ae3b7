import {
  type CfluxEvents,
  type DropOrders,
  decodeMetadata,
  digestMetadata,
  encodeMetadata,
} from 'clusterflux';
import { expect } from 'vitest';
import { entriesOf, entriesOfSnapshot, orderOf } from './journal.js';
import type { Scenario } from './scenario.js';
import type { World } from './world.js';

/** R2: within an epoch versions rise, and each holds everything that the one before it held, in the same order, once. */
export function checkHistory(world: World): void {
  const previous = new Map<string, { version: number; entries: readonly string[] }>();
  for (const { epoch, version, entries } of world.history) {
    const before = previous.get(epoch) ?? { version: 0, entries: [] };
    expect(version).toBeGreaterThan(before.version);
    expect(entries.slice(0, before.entries.length)).toEqual(before.entries);
    expect(new Set(entries).size).toBe(entries.length);
    previous.set(epoch, { version, entries });
  }
}

/** R5: as long as the manager keeps its data, no node’s version ever falls, whatever it receives. */
export function checkVersionsRise({ nodes }: World): void {
  for (const { heard, name } of nodes) {
    for (const moved of [...heard('pushed'), ...heard('synced')]) {
      expect(moved, name).toSatisfy(
        ({ version, previousVersion }: CfluxEvents['synced'][0]) => version > previousVersion,
      );
    }
  }
}

/** R2, R3: the result of each caller is true. `kept`: entries that a backup or an event preserves count as not lost. */
export function checkTruth(scenario: Scenario, kept: ReadonlySet<string> = new Set()): void {
  const { history } = scenario.world;
  const final = new Set(history.at(-1)?.entries);
  const ever = new Set(history.flatMap(({ entries }) => entries));
  for (const [entry, notified] of scenario.notified) {
    if (notified === 'done') expect(ever, `${entry} was acknowledged`).toContain(entry);
    if (notified === 'done' && !kept.has(entry)) expect(final, `${entry} was acknowledged`).toContain(entry);
    if (notified === 'refused') expect(ever, `${entry} was refused`).not.toContain(entry);
  }
}

/**
 * R36: a change and its drop order are one: a push has the orders of all changes that it adds, once, and a node reads exactly the orders of
 * the versions in question. (What nodes offer after a loss of data are no changes, and have no orders.)
 */
export async function checkOrders(scenario: Scenario): Promise<void> {
  const { world, ordering, ordersRead } = scenario;
  const [first] = world.history;
  let before: readonly string[] = [];
  for (const { epoch, version, entries, ordered } of world.history) {
    const added = entries.filter((entry) => ordering.has(entry) && !before.includes(entry));
    const expected = added.map((entry) => orderOf(entry).database);
    if (epoch === first?.epoch) expect(ordered, `orders of version ${version}`).toEqual(expected);
    else expect(expected, `changes of version ${version}`).toEqual(expect.arrayContaining([...ordered]));
    before = entries;
  }
  const made = (of: string | undefined, since: number, upTo: number) =>
    world.history
      .filter(({ epoch, version }) => epoch === of && version > since && version <= upTo)
      .flatMap(({ version, ordered }) => ordered.map((database) => ({ version, database })));
  const listed = ({ orders }: DropOrders) => orders.map(({ version, database }) => ({ version, database }));
  for (const read of ordersRead) {
    expect(listed(read)).toEqual(made(read.epoch, read.since, read.version));
    expect(read.completeFrom).toBe(0);
  }
  const present = await world.fake.transport.dropOrders?.({ cluster: 'world', since: 0 });
  if (present?.kind !== 'dropOrders') throw new Error('no drop orders');
  expect(listed(present)).toEqual(made(await world.fake.manager.epoch('world'), 0, present.version));
}

/** After every fault is over all nodes have the newest version, and their wrapped clients hold it. */
export async function checkConvergence(world: World): Promise<void> {
  const newest = world.history.at(-1);
  for (const { client, name } of world.nodes) {
    expect(client.status, name).toMatchObject({
      state: 'online',
      version: newest?.version,
      pendingMutations: 0,
    });
    expect(entriesOf(client.meta.data()), name).toEqual(newest?.entries);
  }
}

/** R29: every node that has the newest version has the bytes that the manager stored, apart from the index of its own store. */
export async function checkSameBytes({ fake, nodes }: World): Promise<void> {
  const [newest] = await fake.manager.history('world');
  if (newest === undefined) return;
  const stored = Buffer.from(await fake.manager.version('world', newest.version));
  const { index } = decodeMetadata(stored);
  for (const { client, name } of nodes) {
    if (client.status.version !== newest.version) continue;
    expect(Buffer.from(encodeMetadata({ ...client.meta.data(), index })).equals(stored), name).toBe(true);
  }
}

/** R28: processes that shared an id have ids of their own. */
export function checkIds({ nodes }: World): void {
  const ids = nodes.map(({ client }) => client.status.nodeId);
  expect(new Set(ids).size, `ids ${ids.join(', ')}`).toBe(nodes.length);
}

/** R11: a node whose manager lost everything follows the new history, or refuses it as another cluster's and keeps what it has. */
export function checkSettled(world: World): void {
  const newest = world.history.at(-1);
  for (const { client, name, heard } of world.nodes) {
    const { state, version } = client.status;
    if (state === 'foreignCluster') expect(heard('foreignCluster'), name).not.toEqual([]);
    else expect({ state, version }, name).toEqual({ state: 'online', version: newest?.version });
  }
}

/** R12: every entry that any node's backup holds. */
export function entriesInBackups(world: World): Set<string> {
  return new Set(world.nodes.flatMap(({ storage }) => storage.backups.flatMap(entriesOfSnapshot)));
}

/** Closes everything. R14: no timer is left. */
export async function checkNothingLeft(world: World): Promise<void> {
  await world.close();
  expect(world.clock.timers).toBe(0);
}

/**
 * R28: a version that the manager shows for a node is one of its present history, or from before its kept versions, and the node has had
 * it: whatever was restarted, delayed, lost or sent twice. What it shows of a node that is alive is not ahead of what the node has.
 */
export async function checkProgress(world: World): Promise<void> {
  const { manager } = world.fake;
  const epoch = await manager.epoch('world');
  const present = world.history.filter((each) => each.epoch === epoch).map(({ version }) => version);
  const history = new Set(present);
  const oldest = present.at(-10) ?? present[0] ?? 0;
  const accepted = world.acceptedByNode();
  for (const { id, heldVersion, appliedVersion } of await manager.nodes('world')) {
    for (const version of [heldVersion, appliedVersion]) {
      if (version === undefined || version === 0) continue;
      if (version >= oldest) expect(history, `node ${id} is shown at ${version}`).toContain(version);
      // Sick neighbours are no simulated nodes.
      const versions = accepted.get(id);
      if (versions) expect(versions, `node ${id} has had ${version}`).toContain(version);
    }
  }
}

/** R28: a wait that is complete says that every node that is alive, and reports versions, has the version. */
export async function checkWait(world: World): Promise<void> {
  const version = world.history.at(-1)?.version;
  if (version === undefined) return;
  const { manager } = world.fake;
  const waiting = manager.waitForNodes({ cluster: 'world', version, wait: 0 });
  const result = await waiting.catch(() => undefined);
  if (!result?.complete) return;
  const alive = (await manager.nodes('world')).filter((node) => node.alive).map(({ id }) => id);
  const accepted = world.acceptedByNode();
  for (const id of alive) {
    const versions = accepted.get(id);
    if (versions) expect(versions, `all nodes have ${version}, and node ${id}`).toContain(version);
  }
}

/** R11: what a node remembers is what it has. */
export function checkRecords(world: World): void {
  for (const { client, storage, name } of world.nodes) {
    const record = JSON.parse(Buffer.from(storage.files.get('cflux.json') ?? []).toString());
    const { version, epoch, nodeId } = client.status;
    expect(record, name).toMatchObject({ cluster: 'world', version, epoch, nodeId });
    expect(record.digest, name).toBe(digestMetadata(client.meta.data()));
  }
}
