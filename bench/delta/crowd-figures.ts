import { createHash, randomBytes } from 'node:crypto';
import { printVcdiff } from '../../src/delta/vcdiff/print-vcdiff.js';
import { openConnections } from '../manager/raw-connection.js';
import { startServer } from '../manager/server-child.js';
import { median } from '../measure.js';
import type { Figure } from '../report.js';

const waiters = 10_000;
const size = 500_000;
const rounds = 5;

/** Times in milliseconds of one change that is published to held polls. */
interface Crowd {
  /** From the push to the last response. */
  readonly published: number;
  /** From the push to its acknowledgement. */
  readonly acknowledged: number;
  /** The 99th percentile of requests during that. */
  readonly heartbeats: number;
  readonly pushes: number;
}

/** One change of 500 KB published to ten thousand held polls: as a delta, as a snapshot, and with a bare server. */
export async function crowdFigures(): Promise<Figure[]> {
  const deltas = await crowd('manager', 'delta', waiters);
  const bare = await crowd('bare-fan-out', 'delta', waiters);
  const whole = await crowd('manager', 'snapshot', waiters);
  const alone = {
    delta: await crowd('manager', 'delta', 1),
    snapshot: await crowd('manager', 'snapshot', 1),
  };
  const name = `a change of ${size / 1_000} KB to ${waiters.toLocaleString('en')} held polls`;
  const acknowledged = (
    form: 'delta' | 'snapshot',
    { acknowledged, heartbeats, pushes }: Crowd,
  ): Figure[] => [
    {
      name: `acknowledgement of ${name}, as a ${form}`,
      value: acknowledged,
      unit: 'ms',
      floorName: 'with one held poll',
      floor: alone[form].acknowledged,
      target: 3,
    },
    {
      name: `heartbeats during ${name}, as a ${form}, 99th percentile, more than with one held poll`,
      value: heartbeats - alone[form].heartbeats,
      unit: 'ms',
      target: 20,
    },
    {
      name: `pushes to another cluster during ${name}, as a ${form}, 99th percentile, more than with one held poll`,
      value: pushes - alone[form].pushes,
      unit: 'ms',
      target: 20,
    },
  ];
  return [
    {
      name: `${name}, as a delta`,
      value: deltas.published,
      unit: 'ms',
      floorName: 'a bare node:http fan-out of one shared buffer of the size of the delta',
      floor: bare.published,
      target: 1.3,
    },
    {
      name: `${name}: how many times faster as a delta`,
      value: whole.published / deltas.published,
      unit: '×',
    },
    ...acknowledged('delta', deltas),
    ...acknowledged('snapshot', whole),
  ];
}

type Kind = 'manager' | 'bare-fan-out';
type Form = 'delta' | 'snapshot';

async function crowd(kind: Kind, form: Form, count: number): Promise<Crowd> {
  const server = await startServer(kind);
  const results: Crowd[] = [];
  try {
    let bytes: Buffer = randomBytes(size);
    let position = await push(server.url, 'POST', { version: '0', epoch: '' }, bytes);
    const connections = await openConnections(server.url, count);
    const { id } = await register(server.url, kind);
    for (let round = -1; round < rounds; round++) {
      const held = connections.map((connection, i) => connection.request(pollOf(position, i, form)));
      await new Promise((resolve) => setTimeout(resolve, count === 1 ? 100 : 1_500));
      const change = Buffer.from(`change ${round}`);
      const target = Buffer.concat([bytes.subarray(0, 1_000), change, bytes.subarray(1_000 + change.length)]);
      const delta = printVcdiff({
        length: size,
        instructions: [
          { from: 0, length: 1_000 },
          { bytes: change, length: change.length },
          { from: 1_000 + change.length, length: size - 1_000 - change.length },
        ],
      });
      const others = kind === 'manager' ? bystanders(server.url, id) : undefined;
      const begin = performance.now();
      const pushed = push(server.url, form === 'delta' && kind === 'manager' ? 'PATCH' : 'POST', position, {
        body: form === 'delta' ? delta : target,
        digest: createHash('sha256').update(target).digest('base64'),
      }).then((next) => ({ next, acknowledged: performance.now() - begin }));
      await Promise.all(held);
      const published = performance.now() - begin;
      const { next, acknowledged } = await pushed;
      const { heartbeats = 0, pushes = 0 } = (await others?.()) ?? {};
      position = next;
      bytes = target;
      if (round >= 0) results.push({ published, acknowledged, heartbeats, pushes });
    }
    for (const connection of connections) connection.close();
  } finally {
    await server.stop();
  }
  const middle = (of: (crowd: Crowd) => number) => median(results.map(of));
  return {
    published: middle(({ published }) => published),
    acknowledged: middle(({ acknowledged }) => acknowledged),
    heartbeats: middle(({ heartbeats }) => heartbeats),
    pushes: middle(({ pushes }) => pushes),
  };
}

interface Position {
  readonly version: string | null;
  readonly epoch: string | null;
}

/** What a poll of our client looks like. */
function pollOf({ version, epoch }: Position, i: number, form: Form): string {
  const accepted = form === 'delta' ? `a-im: vcdiff\r\nif-none-match: "${epoch}/${version}"\r\n` : '';
  return (
    `GET /clusters/a/versions/${version} HTTP/1.1\r\nhost: 127.0.0.1:8000\r\nconnection: keep-alive\r\n` +
    `cflux-epoch: ${epoch}\r\ncflux-node: ${1_700_000_000_000 + i}\r\nprefer: wait=300\r\n${accepted}` +
    'accept: */*\r\naccept-language: *\r\nsec-fetch-mode: cors\r\nuser-agent: node\r\naccept-encoding: gzip, deflate\r\n\r\n'
  );
}

async function push(
  url: string,
  method: 'POST' | 'PATCH',
  { version, epoch }: Position,
  pushed: Buffer | { readonly body: Buffer; readonly digest: string },
): Promise<Position> {
  const { body, digest } = Buffer.isBuffer(pushed) ? { body: pushed, digest: '' } : pushed;
  const headers = {
    ...(epoch ? { 'cflux-epoch': epoch } : {}),
    ...(method === 'PATCH'
      ? { 'content-type': 'application/vcdiff', 'cflux-result-digest': `sha-256=:${digest}:` }
      : {}),
  };
  const response = await fetch(`${url}/clusters/a/versions/${version}`, { method, body, headers });
  if (response.status !== 200) throw new Error(`status ${response.status} to ${method}`);
  return { version: response.headers.get('version'), epoch: response.headers.get('cflux-epoch') };
}

async function register(url: string, kind: Kind): Promise<{ id: number }> {
  if (kind === 'bare-fan-out') return { id: 0 };
  const body = JSON.stringify({ ip: '127.0.0.1,', hostname: 'bench' });
  const response = await fetch(`${url}/nodes/b`, { method: 'POST', body });
  const { id } = (await response.json()) as { id: number };
  return { id };
}

/** Sends heartbeats and pushes of another cluster until the returned function is called; it returns the 99th percentiles. */
function bystanders(url: string, id: number) {
  let isOver = false;
  const repeat = async (send: () => Promise<Response>) => {
    const times: number[] = [];
    while (!isOver) {
      const begin = performance.now();
      await (await send()).arrayBuffer();
      times.push(performance.now() - begin);
    }
    times.sort((a, b) => a - b);
    return times[Math.ceil(times.length * 0.99) - 1] ?? 0;
  };
  let version = 0;
  const heartbeats = repeat(() => fetch(`${url}/nodes/b/${id}`, { method: 'PUT' }));
  const pushes = repeat(async () => {
    const response = await fetch(`${url}/clusters/b/versions/${version}`, { method: 'POST', body: 'small' });
    version = Number(response.headers.get('version'));
    return response;
  });
  return async () => {
    isOver = true;
    return { heartbeats: await heartbeats, pushes: await pushes };
  };
}
