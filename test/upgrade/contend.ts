import { expect } from 'vitest';
import type { Node } from './releases.js';

/** Every node makes `count` databases while the others do; resolves when every node has all of them. */
export async function contend(nodes: readonly Node[], count: number, prefix = 'db'): Promise<void> {
  const made = nodes.map(async (node, i) => {
    const names = Array.from({ length: count }, (_, n) => `${prefix}-${i}-${n}`);
    for (const name of names) await node.createDatabase(name);
    return names;
  });
  const expected = (await Promise.all(made)).flat();
  for (const node of nodes) {
    await node.refresh();
    const names = await node.databaseNames();
    expect(expected.filter((name) => !names.includes(name))).toEqual([]);
  }
}
