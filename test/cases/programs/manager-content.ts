import { createHash } from 'node:crypto';
import type { Manager } from '../../../src/manager/index.js';

/** All that a manager keeps, as one line. */
export async function contentOf(manager: Manager): Promise<string> {
  const content: unknown[] = [];
  for (const { cluster } of await manager.clusters()) {
    for (const record of await manager.history(cluster)) {
      const bytes = await manager.version(cluster, record.version);
      content.push({ cluster, record, digest: createHash('sha256').update(bytes).digest('hex') });
    }
    // Ages are of this moment.
    content.push((await manager.nodes(cluster)).map(({ lastSeen: _, ...node }) => node));
  }
  return JSON.stringify(content);
}
