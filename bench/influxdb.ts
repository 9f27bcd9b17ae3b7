import { encodeMetadata } from '../src/index.js';
import { InfluxMirror, readInfluxMetadata } from '../src/influxdb/index.js';
import { database, metadata } from '../test/influxdb/support/build.js';
import { type Influxd, startInfluxd } from '../test/support/influxd.js';
import { measureInTurn } from './measure.js';
import type { Figure } from './report.js';

const count = 10_000;
const databases = Array.from({ length: count }, (_, at) => database(`database ${at}`));
const cluster = metadata({ databases });

/** A pass over a real server of 10,000 databases, beside the bare requests that it cannot do without; and changes a second. */
export async function run(): Promise<Figure[]> {
  const server = await startInfluxd({ metadata: encodeMetadata(cluster) });
  const empty = await startInfluxd();
  const options = { url: server.url, statementsPerSecond: 1e6 };
  const bySnapshot = new InfluxMirror({ ...options, snapshot: server.snapshot });
  const byShow = new InfluxMirror({ ...options, snapshot: false });
  const changing = new InfluxMirror({ url: empty.url, snapshot: empty.snapshot, statementsPerSecond: 1e6 });
  try {
    const pass = await measureInTurn(
      {
        snapshot: () => bySnapshot.converge(cluster),
        bareSnapshot: () => readInfluxMetadata(server.url, { snapshot: server.snapshot }),
        show: () => byShow.converge(cluster),
        bareShow: () => bareShow(server),
      },
      { rounds: 7, warmUp: 2 },
    );
    const changes = await measureInTurn(
      {
        mirror: () => changing.converge(metadata({ databases: named('mirror', 50) })),
        bare: () => bareChanges(empty, named('bare', 50)),
        clean: () => clean(empty),
      },
      { rounds: 7, warmUp: 2 },
    );
    return [
      {
        name: `pass over ${count} databases that agree, by snapshot`,
        value: pass.snapshot,
        unit: 'ms',
        floorName: 'reading and decoding it alone',
        floor: pass.bareSnapshot,
        target: 3,
      },
      {
        name: `pass over ${count} databases that agree, by SHOW`,
        value: pass.show,
        unit: 'ms',
        floorName: 'the same statements, results discarded',
        floor: pass.bareShow,
        target: 2,
      },
      {
        name: '50 databases made',
        value: changes.mirror,
        unit: 'ms',
        floorName: 'the same statements, bare',
        floor: changes.bare,
        target: 1.5,
      },
    ];
  } finally {
    for (const mirror of [bySnapshot, byShow, changing]) await mirror.close();
    for (const each of [server, empty]) await each.remove();
  }
}

const named = (prefix: string, many: number) =>
  Array.from({ length: many }, (_, at) => database(`${prefix} ${at}`));

async function bareShow({ url }: Influxd): Promise<void> {
  const statements = databases.map(({ name }) => `SHOW RETENTION POLICIES ON "${name}"`);
  const first = ['SHOW USERS', 'SHOW DATABASES', 'SHOW CONTINUOUS QUERIES', 'SHOW SUBSCRIPTIONS'];
  await post(url, first.join('; '));
  for (let at = 0; at < statements.length; at += 500)
    await post(url, statements.slice(at, at + 500).join('; '));
}

async function bareChanges({ url }: Influxd, list: readonly { readonly name: string }[]): Promise<void> {
  for (const { name } of list) {
    await post(
      url,
      `CREATE DATABASE "${name}" WITH DURATION INF REPLICATION 1 SHARD DURATION 168h NAME "autogen"`,
    );
  }
}

async function clean({ url }: Influxd): Promise<void> {
  for (const prefix of ['mirror', 'bare']) {
    for (const { name } of named(prefix, 50)) await post(url, `DROP DATABASE "${name}"`);
  }
}

async function post(url: string, statements: string): Promise<void> {
  const body = new URLSearchParams({ q: statements, chunked: 'true' });
  const answer = await fetch(`${url}/query`, { method: 'POST', body });
  await answer.arrayBuffer();
}
