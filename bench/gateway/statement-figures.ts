import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeDurably } from '../../src/durable-file.js';
import { CfluxClient, LocalMetaClient } from '../../src/index.js';
import { createManagerServer, LmdbStore, Manager } from '../../src/manager/index.js';
import { startInfluxd } from '../../test/support/influxd.js';
import { measureInTurn } from '../measure.js';
import type { Figure } from '../report.js';
import { agent, post } from './send.js';
import { startProxy } from './start-proxy.js';

/** A statement for the cluster at a gateway, beside the parts of its work. */
export async function run(): Promise<Figure[]> {
  const influxd = await startInfluxd();
  const dir = await mkdtemp(join(tmpdir(), 'cflux-bench-'));
  // As a manager's: a version is on disk before its response.
  const manager = new Manager({ store: new LmdbStore({ dir: join(dir, 'manager') }) });
  const served = await createManagerServer(manager, { port: 0 });
  const gateway = await startProxy('gateway', influxd.url, served.url, influxd.snapshot);
  // As an agent's: durable.
  const node = join(dir, 'node');
  const pusher = new CfluxClient(new LocalMetaClient({ dir: node }), {
    endpoint: served.url,
    cluster: 'pushes',
    dir: node,
  });
  const forgetful = new CfluxClient(new LocalMetaClient(), { endpoint: served.url, cluster: 'forgetful' });
  try {
    await pusher.open();
    await forgetful.open();
    return await statementFigure({
      gateway: gateway.url,
      influxd: influxd.url,
      pusher,
      forgetful,
      ledger: join(dir, 'ledger', 'file'),
    });
  } finally {
    agent.destroy();
    await gateway.stop();
    await pusher.close();
    await forgetful.close();
    await served.close();
    await manager.close();
    await influxd.remove();
    await rm(dir, { recursive: true, force: true });
  }
}

interface Subjects {
  readonly gateway: string;
  readonly influxd: string;
  readonly pusher: CfluxClient<LocalMetaClient>;
  readonly forgetful: CfluxClient<LocalMetaClient>;
  /** A file like that in which a mirror records a change before it makes it. */
  readonly ledger: string;
}

/** A statement that fails, as a gateway asks its server whether it would execute a request. */
const question = 'SHOW TAG KEY EXACT CARDINALITY ON "cflux-bench"';
/** Bytes of a ledger with some databases. */
const ledgerSize = 8_000;

async function statementFigure({ gateway, influxd, pusher, forgetful, ledger }: Subjects): Promise<Figure[]> {
  let count = 0;
  const next = () => `n${++count}`;
  const times = await measureInTurn(
    {
      ours: () => post(gateway, `CREATE DATABASE ${next()}`),
      question: () => post(influxd, question),
      push: () => pusher.createDatabase(next()),
      light: () => forgetful.createDatabase(next()),
      ledger: () => writeDurably(ledger, Buffer.alloc(ledgerSize, 'x')),
      statement: () => post(influxd, `CREATE DATABASE ${next()}`),
    },
    { rounds: 51, warmUp: 10 },
  );
  const [name, unit] = ['CREATE DATABASE', 'ms'] as const;
  return [
    {
      ...{ name, value: times.ours, unit, target: 2 },
      floorName: 'a push over HTTP of an agent’s client, and the statement on the server',
      floor: times.push + times.statement,
    },
    { name: `${name}, the dry run on the server`, value: times.question, unit },
    { name: `${name}, a push over HTTP of an agent’s client`, value: times.push, unit },
    { name: `${name}, a push over HTTP of a client that stores nothing`, value: times.light, unit },
    { name: `${name}, the ledger, as a file that is on disk`, value: times.ledger, unit },
    { name: `${name}, the statement on the server`, value: times.statement, unit },
  ];
}
