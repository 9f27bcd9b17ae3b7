import { once } from 'node:events';
import { request as send } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../src/random.js';
import type { Fault } from './fault.js';

/** So many are sick at a time, at most. */
const most = 5;
/** Milliseconds between two pushes of one. */
const pause = 50;

interface Base {
  readonly version: number;
  readonly snapshot: Buffer;
}

const versionUrl = (url: string, version: number) => `${url}/clusters/chaos/versions/${version}`;

/** Pushes from `base`, and does not read the response unless `isReader` is set. */
async function push(
  url: string,
  base: Base,
  headers: Record<string, string>,
  isReader: boolean,
): Promise<void> {
  const request = send(versionUrl(url, base.version), {
    method: 'POST',
    agent: false,
    headers: { ...headers, 'content-length': base.snapshot.length },
  });
  request.on('error', () => undefined);
  request.on('response', (response) => isReader && response.resume());
  request.end(base.snapshot);
  await Promise.race([once(request, isReader ? 'close' : 'response'), sleep(5_000)]);
  if (!isReader) await sleep(300);
  request.destroy();
}

/**
 * Pushes from the version that is the newest now, repeatedly and at each manager in turn, whatever the response. What it pushes is
 * what is there, so that nothing is changed by it.
 */
async function beSick(urls: readonly string[], random: Random, signal: AbortSignal): Promise<void> {
  const isNode = random() < 0.6;
  const isReader = random() < 0.7;
  const headers: Record<string, string> = isNode
    ? { 'cflux-node': `${Math.floor(9e6 + random() * 1e6)}` }
    : {};
  let base: Base | undefined;
  for (let turn = 0; !signal.aborted; turn++) {
    const url = urls[turn % urls.length] ?? '';
    try {
      base ??= await newest(url);
      if (base !== undefined) await push(url, base, headers, isReader);
    } catch {
      // The manager is struck as well.
    }
    await sleep(pause);
  }
}

async function newest(url: string): Promise<Base | undefined> {
  const signal = AbortSignal.timeout(2_000);
  const answer = await fetch(versionUrl(url, 0), { headers: { prefer: 'wait=0' }, signal });
  const snapshot = Buffer.from(await answer.arrayBuffer());
  return answer.status === 200 ? { version: Number(answer.headers.get('version')), snapshot } : undefined;
}

/** R8, R26: neighbours that lose again and again. */
export const neighbourFaults: readonly Fault[] = [
  {
    name: 'sick-neighbours',
    weight: 4,
    targets: ({ managers }) => [
      {
        name: 'beside all nodes',
        resource: 'neighbours',
        strike: (random) => {
          const cured = new AbortController();
          const urls = managers.map(({ url }) => url);
          const count = 1 + Math.floor(random() * most);
          const ended = Array.from({ length: count }, () => beSick(urls, random, cured.signal));
          return async () => {
            cured.abort();
            await Promise.all(ended);
          };
        },
      },
    ],
  },
];
