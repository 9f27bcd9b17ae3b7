import {
  CfluxClient,
  CfluxError,
  type CfluxEvents,
  cfluxEventNames,
  type EventRecord,
  jsonLogger,
  LocalMetaClient,
} from 'clusterflux';
import { FakeManager, ManualClock } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { logEvents } from '../../src/client/observe/event-log.js';
import type { LogLevel } from '../../src/client/observe/event-logger.js';
import { EventHub } from '../../src/event-hub.js';

/** What each event must be in a log, with a payload that has something to hide where there can be something. */
const cases: { [Name in keyof CfluxEvents]: [payload: CfluxEvents[Name], level: LogLevel] } = {
  registered: [[{ nodeId: 7, cluster: 'prod', endpoint: 'http://m:8000' }], 'info'],
  heartbeat: [[{ nodeId: 7, at: 1 }], 'debug'],
  heartbeatFailed: [[{ error: new CfluxError('UNREACHABLE', 'away'), failures: 1 }], 'warn'],
  duplicateNode: [[{ nodeId: 1 }], 'warn'],
  registrationLost: [[{ nodeId: 7 }], 'warn'],
  synced: [[{ version: 2, previousVersion: 1, epoch: 'e', form: 'delta' }], 'info'],
  changed: [[{ version: 2, previousVersion: 1, origin: 'local' }], 'debug'],
  syncFailed: [[{ error: new CfluxError('UNREACHABLE', 'away'), failures: 2, retryIn: 100 }], 'debug'],
  pushed: [
    [{ version: 2, previousVersion: 1, mutations: 3, rounds: 1, bytes: 9, orders: 0, form: 'delta' }],
    'info',
  ],
  dropOrdersIgnored: [[{ version: 2, orders: [{ kind: 'database', database: 'x' }] }], 'warn'],
  conflict: [[{ version: 2, previousVersion: 1, round: 1 }], 'debug'],
  rolledBack: [[{ error: new CfluxError('UNKNOWN_OUTCOME', 'nobody knows'), mutations: 1 }], 'warn'],
  replaced: [[{ reason: 'joined', version: 2, snapshot: Buffer.from('$2a$10$secret') }], 'warn'],
  diverged: [[{ version: 2, snapshot: Buffer.from('$2a$10$secret'), backup: '/b' }], 'warn'],
  epochChanged: [
    [
      {
        previousEpoch: 'a',
        epoch: 'b',
        previousVersion: 2,
        version: 1,
        seeded: false,
        snapshot: Buffer.from('$2a$'),
      },
    ],
    'warn',
  ],
  foreignCluster: [[{ epoch: 'b', clusterId: 2n ** 63n, ownClusterId: 1n, version: 1 }], 'error'],
  stateChange: [[{ from: 'online', to: 'offline' }], 'info'],
  closed: [[], 'debug'],
};

/** A logger of the four methods that pino and console have, which records its calls. */
function recorder() {
  const notified: { level: LogLevel; record: EventRecord; message: string }[] = [];
  const at = (level: LogLevel) => (record: EventRecord, message: string) =>
    void notified.push({ level, record, message });
  return { notified, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

describe('structured logs of a client', () => {
  it.each(cfluxEventNames)('%s is one flat record, with its level and without secrets', (name) => {
    const hub = new EventHub<CfluxEvents>(cfluxEventNames);
    const logger = recorder();
    logEvents(hub, logger, () => ({ cluster: 'prod', nodeId: 7 }));
    const [payload, level] = cases[name];
    hub.emit(name, ...(payload as never));
    expect(logger.notified).toEqual([
      {
        level,
        record: expect.objectContaining({ event: name, cluster: 'prod', nodeId: 7 }),
        message: expect.any(String),
      },
    ]);
    for (const value of Object.values(logger.notified[0]?.record ?? {})) {
      expect(['string', 'number', 'boolean', 'undefined']).toContain(typeof value);
    }
    expect(JSON.stringify(logger.notified)).not.toContain('$2a$');
  });

  it('logs a repeated failure above debug only once', () => {
    const hub = new EventHub<CfluxEvents>(cfluxEventNames);
    const logger = recorder();
    logEvents(hub, logger, () => ({ cluster: 'prod', nodeId: 7 }));
    for (const failures of [1, 2, 3]) {
      hub.emit('heartbeatFailed', { error: new CfluxError('UNREACHABLE', 'away'), failures });
    }
    expect(logger.notified.map(({ level }) => level)).toEqual(['warn', 'debug', 'debug']);
    expect(logger.notified[0]?.record).toMatchObject({ code: 'UNREACHABLE', error: 'away', failures: 1 });
  });

  it('is an option of the client; no password or hash comes into it', async () => {
    const fake = new FakeManager();
    onTestFinished(() => fake.close());
    const lines: string[] = [];
    const logger = jsonLogger({ level: 'debug', write: (line) => void lines.push(line) });
    const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), {
      transport: fake.transport,
      logger,
    });
    await client.open();
    await client.createUser('bob', 'a password', true);
    await client.close();
    const records = lines.map((line) => JSON.parse(line));
    expect(records.find(({ event }) => event === 'pushed')).toMatchObject({
      cluster: 'default',
      nodeId: expect.any(Number),
      version: expect.any(Number),
      mutations: 1,
    });
    expect(records.at(-1)).toMatchObject({ event: 'closed' });
    expect(lines.join('')).not.toMatch(/a password|\$2a\$/);
  });
});

describe('jsonLogger', () => {
  it('writes a line for each record of its level or above, with the time first', () => {
    const lines: string[] = [];
    const clock = new ManualClock(0);
    const logger = jsonLogger({ level: 'warn', write: (line) => void lines.push(line), clock });
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      logger[level]({ event: 'synced', cluster: 'a\nb', nodeId: undefined }, level);
    }
    expect(lines).toEqual([
      '{"time":"1970-01-01T00:00:00.000Z","level":"warn","event":"synced","cluster":"a\\nb","message":"warn"}\n',
      '{"time":"1970-01-01T00:00:00.000Z","level":"error","event":"synced","cluster":"a\\nb","message":"error"}\n',
    ]);
  });
});
