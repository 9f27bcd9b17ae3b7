import { createManagerServer, Manager, MemoryStore } from '../../src/manager/index.js';
import { startInfluxd } from '../../test/support/influxd.js';
import { measureInTurn, median, middlePair, type Pair } from '../measure.js';
import type { MeasuredChild, Usage } from '../measured-child.js';
import type { Figure } from '../report.js';
import { startNginx } from './nginx.js';
import { agent, post, send } from './send.js';
import { startProxy } from './start-proxy.js';

const lines = Buffer.from(
  Array.from(
    { length: 1_000 },
    (_, at) => `cpu,host=server${at % 10} value=${at}.5 ${15e17 + at * 1e6}`,
  ).join('\n'),
);

/** A gateway, the shortest pass-through, nginx and nothing, before the same server. */
export async function run(): Promise<Figure[]> {
  const influxd = await startInfluxd();
  const manager = new Manager({ store: new MemoryStore() });
  const served = await createManagerServer(manager, { port: 0 });
  const gateway = await startProxy('gateway', influxd.url, served.url, influxd.snapshot);
  const bare = await startProxy('bare', influxd.url);
  const nginx = await startNginx(influxd.url);
  const source = await startProxy('source');
  const bigGateway = await startProxy('gateway', source.url, served.url);
  const bigBare = await startProxy('bare', source.url);
  try {
    await post(gateway.url, 'CREATE DATABASE d');
    return [
      ...(await writeFigures({ gateway, bare, nginx: nginx?.url, direct: influxd.url })),
      ...(await bodyFigures(bigGateway, bigBare)),
      await latencyFigure(gateway.url, bare.url),
    ];
  } finally {
    agent.destroy();
    for (const each of [gateway, bare, source, bigGateway, bigBare]) await each.stop();
    await nginx?.stop();
    await served.close();
    await manager.close();
    await influxd.remove();
  }
}

interface Subjects {
  readonly gateway: MeasuredChild;
  readonly bare: MeasuredChild;
  readonly nginx: string | undefined;
  readonly direct: string;
}

async function writeFigures({ gateway, bare, nginx, direct }: Subjects): Promise<Figure[]> {
  const write = (url: string) => send(url, '/write?db=d', lines);
  const single: Pair[] = [];
  const cpu: Pair[] = [];
  const many: Pair[] = [];
  const others = { nginx: [] as number[], direct: [] as number[] };
  for (let round = -2; round < 9; round += 1) {
    const ours = await burst(gateway, 100, 1, write);
    const floor = await burst(bare, 100, 1, write);
    const [wide, wideFloor] = [await burst(gateway, 640, 64, write), await burst(bare, 640, 64, write)];
    if (round < 0) continue;
    single.push({ ours: ours.ms, floor: floor.ms });
    cpu.push({ ours: wide.cpu, floor: wideFloor.cpu });
    many.push({ ours: 1 / wide.ms, floor: 1 / wideFloor.ms });
    if (nginx !== undefined) others.nginx.push(await timed(nginx, write));
    others.direct.push(await timed(direct, write));
  }
  const [time, processor, throughput] = [middlePair(single), middlePair(cpu), middlePair(many)];
  const floorName = 'the shortest pass-through on node:http';
  const name = 'POST /write of 1,000 lines';
  return [
    {
      name: `${name}, one after the other`,
      value: time.ours,
      unit: 'ms',
      floorName,
      floor: time.floor,
      target: 1.3,
    },
    {
      name: `${name}, processor time of the proxy`,
      value: processor.ours,
      unit: 'ms',
      floorName,
      floor: processor.floor,
      target: 1.3,
    },
    { name: `${name}, through nginx`, value: median(others.nginx), unit: 'ms' },
    { name: `${name}, without a proxy`, value: median(others.direct), unit: 'ms' },
    {
      name: `${name}, 64 connections`,
      value: throughput.ours * 1_000,
      unit: '/s',
      floorName,
      floor: throughput.floor * 1_000,
      target: 0.8,
      atLeast: true,
    },
  ];
}

/** Milliseconds and processor milliseconds of the proxy for each request. */
async function burst(
  proxy: MeasuredChild,
  count: number,
  atOnce: number,
  one: (url: string) => Promise<unknown>,
) {
  const before = await proxy.usage();
  const begin = performance.now();
  let left = count;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await one(proxy.url);
    }),
  );
  const ms = (performance.now() - begin) / count;
  return { ms, cpu: ((await proxy.usage()).cpu - before.cpu) / count };
}

async function timed(url: string, one: (url: string) => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  for (let count = 0; count < 50; count += 1) await one(url);
  return (performance.now() - begin) / 50;
}

async function bodyFigures(gateway: MeasuredChild, bare: MeasuredChild): Promise<Figure[]> {
  const big = (url: string) => send(url, '/big');
  await big(gateway.url);
  await big(bare.url);
  const pairs: Pair[] = [];
  const { rss } = await gateway.memory();
  for (let round = 0; round < 5; round += 1) {
    const [ours, floor] = [await burst(gateway, 1, 1, big), await burst(bare, 1, 1, big)];
    pairs.push({ ours: 100_000 / ours.ms, floor: 100_000 / floor.ms });
  }
  const peak = (await gateway.ask<Usage>('peak')).rss;
  const rate = middlePair(pairs);
  const floorName = 'the shortest pass-through on node:http';
  return [
    {
      name: 'chunked response of 100 MB',
      value: rate.ours,
      unit: 'MB/s',
      floorName,
      floor: rate.floor,
      target: 0.8,
      atLeast: true,
    },
    {
      name: 'memory above the idle gateway while it passes',
      value: (peak - rss) / 2 ** 20,
      unit: 'MB',
      target: 32,
    },
  ];
}

async function latencyFigure(gateway: string, bare: string): Promise<Figure> {
  const times = await measureInTurn(
    {
      ours: () => send(gateway, '/query?q=SHOW+DATABASES'),
      floor: () => send(bare, '/query?q=SHOW+DATABASES'),
    },
    { rounds: 300, warmUp: 50 },
  );
  return {
    name: 'small /query, time added to that of the shortest pass-through',
    value: times.ours - times.floor,
    unit: 'ms',
    target: 0.5,
  };
}
