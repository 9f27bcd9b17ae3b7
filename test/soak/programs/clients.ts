import { setTimeout as sleep } from 'node:timers/promises';
import { CfluxError } from '../../../src/index.js';
import { seededRandom } from '../../../src/testing/seeded-random.js';
import type { ClientsSetup, Order, SoakReport } from './messages.js';
import { SoakNode, type Tally } from './soak-node.js';

// Many nodes in one process: they change metadata concurrently, close and open again, and report the state of the process.
const setup: ClientsSetup = JSON.parse(process.argv[2] ?? '');
const random = seededRandom(setup.seed);
const notify = (report: SoakReport) => process.send?.(report);
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error) =>
    notify({ kind: 'complaint', node: setup.name, what: `${event}: ${CfluxError.from(error).stack}` }),
  );
}
process.on('disconnect', () => process.exit());

/** Milliseconds. */
const samplePause = 10_000;
/** How many nodes change something at once. */
const atOnce = 2;

const tally: Tally = { changes: 0, failed: 0, unknown: 0, conflicts: 0, heartbeats: 0, synced: 0, opened: 0 };
const nodes = Array.from(
  { length: setup.count },
  (_, number) => new SoakNode(`${setup.name}-${number}`, setup.dir, setup.endpoint, tally, notify),
);
let isResting = false;

const anyNode = () => nodes[Math.floor(random() * nodes.length)];

async function keep(pause: number, work: () => Promise<unknown>): Promise<void> {
  while (!isResting) {
    await sleep(pause * (0.5 + random()));
    await work();
  }
}

function changeSome(): Promise<unknown> {
  const chosen = new Set(Array.from({ length: atOnce }, anyNode));
  return Promise.all([...chosen].map((node) => node?.exclusively(() => node.change())));
}

async function comeAndGo(): Promise<void> {
  const node = anyNode();
  await node?.exclusively(async () => {
    await node.close();
    await sleep(random() * 3_000);
    await node.open();
  });
}

function sample(): void {
  // As it is after a collection: what is only not yet collected is no leak.
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo().length;
  notify({
    kind: 'sample',
    sample: { heap: heapUsed, resident: rss, resources },
    counts: { ...tally },
    settled: nodes.flatMap((node) => node.settledId ?? []),
  });
}

const sampling = setInterval(sample, samplePause);
for (const node of nodes) await node.open();
const loops = Promise.all([keep(setup.changePause, changeSome), keep(setup.churnPause, comeAndGo)]);

process.on('message', async ({ order }: { order: Order }) => {
  if (order === 'rest') {
    isResting = true;
    await loops;
    notify({ kind: 'resting' });
  } else if (order === 'judge') {
    notify({ kind: 'final', nodes: await Promise.all(nodes.map((node) => node.final())) });
  } else {
    clearInterval(sampling);
    await Promise.all(nodes.map((node) => node.close()));
    process.disconnect();
  }
});
