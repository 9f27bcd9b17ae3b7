import { createInterface } from 'node:readline';
import { CfluxClient } from '../../../src/client/cflux-client.js';
import type { CfluxEventName } from '../../../src/client/observe/events.js';
import { LocalMetaClient } from '../../../src/meta/local-meta-client.js';
import { HastenedClock } from './hastened-clock.js';

// A node in a process of its own. It executes commands from standard input, a JSON line each, and reports the results,
// and every event, on standard output.
const { haste = 1, ...options } = JSON.parse(process.argv[2] ?? '{}');
const meta = new LocalMetaClient({ bcryptCost: 4 });
const client = new CfluxClient(meta, { ...options, clock: new HastenedClock(haste) });

const withoutBytes = (_: string, value: unknown) => {
  if (value instanceof Uint8Array) return undefined;
  return typeof value === 'bigint' ? String(value) : value;
};
const say = (line: object) => process.stdout.write(`${JSON.stringify(line, withoutBytes)}\n`);

const events: CfluxEventName[] = [
  'registered',
  'heartbeat',
  'heartbeatFailed',
  'registrationLost',
  'synced',
  'syncFailed',
  'pushed',
];
for (const event of events) client.on(event, (payload?: unknown) => void say({ event, payload }));

const commands: Record<string, (argument: unknown) => unknown> = {
  open: () => client.open(),
  databases: () => meta.data().databases.map(({ name }) => name),
  createDatabase: async (name) => {
    await client.createDatabase(String(name));
  },
  status: () => client.status,
  // The event loop stands still.
  block: (ms) => {
    for (const end = performance.now() + Number(ms); performance.now() < end; );
  },
  // What it then would do at once is in the order in which it was asked for.
  blockThenCreate: async (argument) => {
    const [ms, name] = String(argument).split(' ');
    commands['block']?.(ms);
    await client.createDatabase(String(name));
  },
  // What is kept by weak references and finalizers goes in rounds.
  collectGarbage: async () => {
    for (let round = 0; round < 5; round++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return process.memoryUsage().heapUsed;
  },
  resources: () => process.getActiveResourcesInfo(),
  refresh: async (times) => {
    for (let time = 0; time < Number(times); time++) await client.refresh();
  },
  close: async () => {
    await client.close();
    lines.close();
    process.stdin.destroy();
  },
};

const lines = createInterface(process.stdin);
lines.on('line', async (line) => {
  const { id, command, argument } = JSON.parse(line);
  try {
    say({ id, result: (await commands[command]?.(argument)) ?? null });
  } catch (error) {
    say({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
