import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../meta/support/temporary-directory.js';
import { releases } from './releases.js';

const { first, now } = releases;

describe('directories written by the first release', () => {
  it('R11: the record and meta.db of a node: it is the same node at the same version, and nothing is displaced', async () => {
    const { url } = await now.serve('memory');
    const dir = await temporaryDirectory();
    const before = first.node(url, dir);
    await before.open();
    await before.createDatabase('kept');
    const { nodeId, version, epoch } = before.status;
    await before.close();
    const after = now.node(url, dir);
    await after.open();
    expect(after.status).toMatchObject({ nodeId, version, epoch });
    expect(await after.databaseNames()).toEqual(['kept']);
    expect(after.events.filter((event) => event !== 'synced')).toEqual([]);
  });

  it('R11: a record whose node was away while the cluster went on: it follows', async () => {
    const { url } = await now.serve('memory');
    const dir = await temporaryDirectory();
    const before = first.node(url, dir);
    await before.open();
    await before.createDatabase('kept');
    await before.close();
    const other = now.node(url);
    await other.open();
    await other.createDatabase('while it was away');
    const after = now.node(url, dir);
    await after.open();
    expect(await after.databaseNames()).toEqual(['kept', 'while it was away']);
    expect(after.events.filter((event) => event !== 'synced')).toEqual([]);
  });
});
