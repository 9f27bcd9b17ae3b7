import { randomBytes } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';
import { pollOf, push } from '../delta/crowd.js';
import { at, rate } from '../etcd/rate.js';
import { rawRate } from '../etcd/raw-load.js';
import { openConnections } from '../manager/raw-connection.js';
import { median } from '../measure.js';
import type { Figure } from '../report.js';

/** A heartbeat on etcd waits a moment while others gather, and each node has its own connection. */
const connections = 1_000;
const registrationsAtOnce = 64;
const size = 50_000;
const rounds = 3;

/** Registrations and heartbeats of so many nodes, and a change of 50 KB that reaches all of them; over so many managers. */
export async function carried(
  urls: readonly string[],
  { count, name }: { readonly count: number; readonly name: string },
): Promise<Figure[]> {
  const cluster = `nodes-${count}`;
  const body = JSON.stringify({ ip: '127.0.0.1,', hostname: 'h', bindAddress: 'h:8086' });
  const ids: number[] = [];
  const registered = await rate(count, registrationsAtOnce, async (number) => {
    const response = await fetch(`${at(urls, number)}/nodes/${cluster}`, { method: 'POST', body });
    ids[number] = ((await response.json()) as { id: number }).id;
  });
  const beats = await rawRate(
    urls,
    ids.map((id) => `PUT /nodes/${cluster}/${id}`),
    Math.min(connections, count),
  );
  const of = `of ${count.toLocaleString('en')} nodes, ${name}`;
  return [
    { name: `registrations ${of}`, value: registered, unit: '/s' },
    { name: `heartbeats ${of}`, value: beats, unit: '/s', target: count / 5, atLeast: true },
    {
      name: `responses of a change to held polls ${of}`,
      value: await responses(urls, cluster, count),
      unit: '/s',
    },
  ];
}

async function responses(urls: readonly string[], cluster: string, count: number): Promise<number> {
  const all = [];
  for (const url of urls) all.push(...(await openConnections(url, Math.ceil(count / urls.length))));
  const [first = ''] = urls;
  let bytes = randomBytes(size);
  let position = await push(first, 'POST', { version: '0', epoch: '' }, { body: bytes, cluster });
  const times: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const held = all.map((connection, i) => connection.request(pollOf(position, i, 'delta', cluster)));
    await pass(1_500);
    bytes = randomBytes(size);
    const begin = performance.now();
    const pushed = push(first, 'POST', position, { body: bytes, cluster });
    await Promise.all(held);
    if (round >= 0) times.push(performance.now() - begin);
    position = await pushed;
  }
  for (const connection of all) connection.close();
  return (all.length / median(times)) * 1_000;
}
