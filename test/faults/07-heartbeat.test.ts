import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { answer } from '../support/raw-server.js';
import { serve } from '../support/serve.js';
import { balancer, type Fate, isBeat, isRegistration } from './support/balancer.js';
import { CfluxManager } from './support/cflux-manager.js';
import { type FaultNode, openNode, until } from './support/nodes.js';

/** Twenty times as fast: a beat every 250 ms, a beat's five attempts are over after 700 ms. */
const haste = 20;

const isAlive = async (url: string, { client }: FaultNode) => {
  const nodes = (await (await fetch(`${url}/nodes/faults`)).json()) as { id: number; alive: boolean }[];
  return nodes.some(({ id, alive }) => id === client.status.nodeId && alive);
};

describe('#7 the heartbeat', () => {
  it('#7 resumes after refusals, 500, garbage and silence, and is never two in flight', async () => {
    const { url } = await serve({ nodeTtl: 1_000 });
    const front = await balancer(url);
    const node = await openNode(front.url, { haste });
    // More than one if a response took longer than such a quick node waits.
    const registrations = front.passages.filter(isRegistration).length;
    let underWay = 0;
    let most = 0;
    const fates: (Fate | undefined)[] = [
      'cut',
      answer(500, {}, 'oops'),
      Buffer.from('\x16\x03\x01 this is no HTTP\r\n\r\n'),
      answer(200, { 'Content-Type': 'text/html' }, '<html>'),
      answer(404, {}, 'no such page'),
      'silence',
    ];
    for (const fate of fates) {
      const failed = node.heard('heartbeatFailed').length;
      front.mischief = {
        request: async (passage) => {
          if (!isBeat(passage)) return undefined;
          underWay += 1;
          most = Math.max(most, underWay);
          // One that such a quick node has given up is no longer under way.
          await setTimeout(5, undefined, { signal: passage.gone }).catch(() => {});
          underWay -= 1;
          return fate;
        },
      };
      const from = front.passages.length;
      await until(() => node.heard('heartbeatFailed').length >= failed + 2, `it fails with ${fate}`);
      // Two beats of five attempts, and what follows them before the mischief ends.
      expect(front.passages.slice(from).filter(isBeat).length).toBeLessThanOrEqual(15);
      front.mischief = {};
      const beats = node.heard('heartbeat').length;
      await until(() => node.heard('heartbeat').length >= beats + 2, `it resumes after ${fate}`);
      expect(await isAlive(url, node)).toBe(true);
    }
    expect(most).toBe(1);
    expect(front.passages.filter(isRegistration)).toHaveLength(registrations);
    expect(node.heard('registrationLost')).toEqual([]);
  });

  it('#7 outlives a manager that is stopped for longer than a node lives', async () => {
    // 20 s of its own time.
    const manager = await CfluxManager.start(['--memory', '--node-ttl', '750ms']);
    const node = await openNode(manager.url, { haste });
    manager.pause();
    await until(() => node.heard('heartbeatFailed').length > 0, 'it notices');
    await setTimeout(20_000 / haste);
    manager.resume();
    const beats = node.heard('heartbeat').length;
    await until(() => node.heard('heartbeat').length >= beats + 3, 'it resumes');
    expect(await isAlive(manager.url, node)).toBe(true);
    expect(node.heard('registered')).toHaveLength(1);
  });
});
