import { describe, expect, it } from 'vitest';
import { append, entriesOf, passwordOf } from './world/journal.js';
import { World } from './world/world.js';

async function worldOf(count: number, options: { inPlace?: boolean } = {}) {
  const world = new World();
  for (let i = 0; i < count; i++) {
    const node = world.addNode();
    await world.run(node.start(options).open());
  }
  const [first, second, third] = world.nodes;
  if (!first) throw new Error('no node');
  return { world, first, second: second ?? first, third: third ?? first };
}

describe.each([
  ['a wrapped client that forks', { inPlace: false }],
  ['a wrapped client that can not fork', { inPlace: true }],
])('CfluxClient around %s', (_, options) => {
  it('brings a change on one node to the others', async () => {
    const { world, first, second } = await worldOf(2, options);
    const database = await world.run(first.client.createDatabase('telegraf'));
    expect(database.name).toBe('telegraf');
    await world.run(second.client.waitForVersion(first.client.status.version));
    expect((await second.client.database('telegraf'))?.defaultRetentionPolicy).toBe('autogen');
    expect(second.client.status).toMatchObject({ state: 'online', version: first.client.status.version });
    await world.close();
  });

  it('R2, R4: changes that collide are each made once, on top of one another', async () => {
    const { world, first, second, third } = await worldOf(3, options);
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    await world.run(
      Promise.all(ids.map((id, i) => [first, second, third][i % 3]?.client.mutate(append(id)))),
    );
    const newest = world.history.at(-1);
    expect([...(newest?.entries ?? [])].sort()).toEqual(ids);
    await world.run(
      Promise.all(world.nodes.map(({ client }) => client.waitForVersion(newest?.version ?? 0))),
    );
    for (const { client } of world.nodes) expect(entriesOf(await client.data())).toEqual(newest?.entries);
    expect(world.nodes.flatMap((node) => node.heard('conflict')).length).toBeGreaterThan(0);
    await world.close();
  });

  it('R3: a change that the newest metadata refuses is refused with its own error, and changes nothing', async () => {
    const { world, first, second } = await worldOf(2, options);
    await world.run(first.client.createUser('ada', passwordOf(), true));
    // The second node does not know it yet.
    const refused = second.client.createUser('ada', passwordOf(), false);
    await expect(world.run(refused)).rejects.toMatchObject({
      code: 'USER_EXISTS',
      message: 'user already exists',
    });
    expect(await world.run(second.client.userCount())).toBe(1);
    await world.close();
  });
});
