import { join } from 'node:path';
import {
  type CallOptions,
  CfluxClient,
  CfluxError,
  digestMetadata,
  HttpTransport,
  isCfluxError,
  LocalMetaClient,
  type PollRequest,
  type PushRequest,
} from '../../../src/index.js';
import { InfluxMirror } from '../../../src/influxdb/index.js';
import type { At, Call } from '../history.js';
import { type Answer, type NodeSetup, now, type Report, type Request, type Written } from './messages.js';
import { change, contentsOf } from './operations.js';

// A node in a process of its own, which the harness asks for operations over the channel between the two, and kills.
const setup: NodeSetup = JSON.parse(process.argv[2] ?? '');
const notify = (report: Report) => process.send?.(report);
const complain = (what: string) => notify({ kind: 'complaint', time: now(), what });

// R14: there is no such thing. Without this the process would also end, but without a report.
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error) => {
    const what = `${event}: ${describe(error)}`;
    process.send?.({ kind: 'complaint', time: now(), what } satisfies Report, () => process.exit(1));
  });
}
// Without the harness there is no work.
process.on('disconnect', () => process.exit());

/** The transport of a release without deltas. */
class SnapshotTransport extends HttpTransport {
  override push({ delta: _, acceptsDelta: __, ...request }: PushRequest, options?: CallOptions) {
    return super.push(request, options);
  }

  override poll({ acceptsDelta: _, ...request }: PollRequest, options?: CallOptions) {
    return super.poll(request, options);
  }
}

const meta = new LocalMetaClient({ dir: join(setup.dir, 'meta'), bcryptCost: 4 });
const client = new CfluxClient(meta, {
  cluster: 'chaos',
  transport: new (setup.usesDeltas ? HttpTransport : SnapshotTransport)({ endpoint: setup.endpoints }),
  dir: setup.dir,
  pollWait: 3_000,
  // Short, so that much is given up whose fate is open: it may be held somewhere, and be stored later.
  mutationTimeout: 2_000,
  startOffline: true,
});
let pushed: At | undefined;
const progress = { applied: 0, convergences: 0 };
let lastFailure: string | undefined;

const observe = (version: number, epoch: string | undefined): At => {
  const at = { epoch: epoch ?? 'none', version };
  notify({ kind: 'observed', time: now(), ...at, digest: digestMetadata(meta.data()) });
  return at;
};
client.on('synced', ({ version, epoch }) => {
  observe(version, epoch);
});
client.on('pushed', ({ version }) => {
  pushed = observe(version, client.status.epoch);
});
for (const event of ['epochChanged', 'foreignCluster', 'diverged', 'registrationLost'] as const) {
  client.on(event, () => complain(`told of ${event}`));
}

const mirror = setup.influxd === undefined ? undefined : mirrorOf(setup.influxd);
await client.open();

process.on('message', async (request: Request) => {
  notify({ kind: 'answer', id: request.id, answer: await answer(request) });
  if ('close' in request) process.disconnect();
});

async function answer(request: Request): Promise<Answer> {
  const begin = now();
  try {
    if ('close' in request) {
      await mirror?.close();
      await client.close();
      return { begin, end: now(), outcome: 'ok' };
    }
    if ('waitForVersion' in request) {
      await client.waitForVersion(request.waitForVersion, { timeout: 30_000 });
      return { begin, end: now(), outcome: 'ok' };
    }
    if ('lastFailure' in request) {
      const error = lastFailure === undefined ? {} : { error: lastFailure };
      return { begin, ...error, end: now(), outcome: 'ok' };
    }
    if ('write' in request) {
      const written = await write(request.write);
      return { begin, written, end: now(), outcome: 'ok' };
    }
    return { begin, ...(await perform(request.call)), end: now(), outcome: 'ok' };
  } catch (error) {
    if (!isCfluxError(error) || error.code === 'UNEXPECTED') complain(describe(error));
    const isUnknown = isCfluxError(error, 'UNKNOWN_OUTCOME');
    return {
      begin,
      end: isUnknown ? Number.POSITIVE_INFINITY : now(),
      outcome: isUnknown ? 'unknown' : 'failed',
      error: describe(error),
    };
  }
}

async function perform(call: Call): Promise<Pick<Answer, 'result' | 'at'>> {
  if (call.do === 'read') {
    await client.refresh({ timeout: 3_000 });
    const { version, epoch } = client.status;
    return { result: contentsOf(meta.data(), call.keys), at: observe(version, epoch) };
  }
  const result = await change(client, call);
  // The last push is this one's: the next would need the wire. Only a list can not be left as it was: what is created and
  // dropped in one round is not pushed at all.
  return { result, ...(call.do === 'append' && pushed ? { at: pushed } : {}) };
}

/** Writes a point whose time is its value, so that each is a point of its own. */
async function write({ database, value }: { database: string; value: string }): Promise<Written> {
  const { applied } = progress;
  const response = await fetch(`${setup.influxd}/write?db=${database}`, {
    method: 'POST',
    body: `p v="${value}" ${value}`,
    signal: AbortSignal.timeout(2_000),
  }).catch((cause: unknown) => {
    // It may be killed, or cut off.
    throw new CfluxError('UNREACHABLE', 'the server does not respond', { cause });
  });
  if (response.status !== 204) throw new CfluxError('STATEMENT_REFUSED', await response.text());
  return { applied, held: client.status.version, convergences: progress.convergences };
}

function mirrorOf(url: string): InfluxMirror {
  const mirror = new InfluxMirror({
    url,
    dir: setup.dir,
    interval: 1_000,
    statementsPerSecond: 1e4,
    // What the cluster drops has to go, or there would be nothing to compare.
    drops: 'apply',
    maxDrops: 1e6,
  });
  mirror.on('failed', ({ error }) => {
    lastFailure = describe(error);
  });
  mirror.on('report', ({ unfinished, version = 0 }) => {
    lastFailure = undefined;
    if (unfinished) return;
    progress.applied = version;
    progress.convergences += 1;
  });
  mirror.follow(client);
  return mirror;
}

function describe(error: unknown): string {
  if (!isCfluxError(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${error.code}: ${error.message}`;
}
