import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalMetaClient } from 'clusterflux';
import { median } from '../measure.js';
import type { Figure } from '../report.js';

const logins = 100;
const heartbeat = 5;

/** How late a timer and a durable commit are (median milliseconds, and the latest), for as long as `busy` lasts. */
async function delays(
  client: LocalMetaClient,
  busy: Promise<unknown>,
): Promise<{ commit: number; latestBeat: number }> {
  const commits: number[] = [];
  let latestBeat = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    latestBeat = Math.max(latestBeat, now - last - heartbeat);
    last = now;
  }, heartbeat);
  let over = false;
  const end = busy.finally(() => {
    over = true;
  });
  while (!over) {
    const begin = performance.now();
    await client.createDatabase(`db${commits.length}`);
    await client.dropDatabase(`db${commits.length}`);
    commits.push((performance.now() - begin) / 2);
  }
  await end;
  clearInterval(timer);
  return { commit: median(commits), latestBeat };
}

/** What a hundred logins, each with a password that was not seen before, do to everything else. */
export async function loginFigures(): Promise<Figure[]> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-bench-'));
  const client = new LocalMetaClient({ dir });
  await client.open();
  const password = await client.hashPassword('secret');
  await client.createUser('user', password, false);
  const quiet = await delays(client, new Promise((resolve) => setTimeout(resolve, 2000)));
  // A wrong password is never remembered: each costs a whole bcrypt.
  const attempts = Array.from({ length: logins }, (_, i) => client.authenticate('user', `wrong ${i}`));
  const busy = await delays(client, Promise.allSettled(attempts));
  await client.close();
  await rm(dir, { recursive: true });
  return [
    {
      name: `durable commit while ${logins} users log in`,
      value: busy.commit,
      unit: 'ms',
      floorName: 'without logins',
      floor: quiet.commit,
    },
    {
      name: `latest of the timers while ${logins} users log in`,
      value: busy.latestBeat,
      unit: 'ms late',
      floorName: 'without logins',
      floor: quiet.latestBeat,
    },
  ];
}
