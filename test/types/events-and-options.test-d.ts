import {
  CfluxClient,
  type CfluxError,
  type CfluxEventName,
  type CfluxEvents,
  type CfluxOptions,
  type CfluxState,
  type CfluxStatus,
  type ConfigSources,
  clientMetrics,
  type EventLogger,
  type EventRecord,
  HttpTransport,
  isCfluxError,
  jsonLogger,
  LocalMetaClient,
  loadConfig,
  type MetricsRegistry,
  type Outcome,
  type WaitOptions,
} from 'clusterflux';
import type { Registry } from 'prom-client';
import { describe, expectTypeOf, it } from 'vitest';

const client = new CfluxClient(new LocalMetaClient());

describe('types of events', () => {
  it('are distinguished by their payloads', () => {
    client.on('registered', ({ nodeId, cluster, endpoint }) => {
      expectTypeOf([nodeId, cluster, endpoint]).toEqualTypeOf<(string | number | undefined)[]>();
    });
    client.on('replaced', ({ reason, snapshot, backup }) => {
      expectTypeOf(reason).toEqualTypeOf<'joined' | 'unconfirmed' | 'adopted'>();
      expectTypeOf(snapshot).toEqualTypeOf<Uint8Array>();
      expectTypeOf(backup).toEqualTypeOf<string | undefined>();
    });
    client.on('foreignCluster', ({ clusterId }) => expectTypeOf(clusterId).toEqualTypeOf<bigint>());
    client.on('stateChange', ({ from }) => expectTypeOf(from).toEqualTypeOf<CfluxState>());
    client.on('rolledBack', ({ error }) => expectTypeOf(error).toEqualTypeOf<CfluxError>());
    expectTypeOf<CfluxEventName>().toEqualTypeOf<keyof CfluxEvents>();
  });

  it('are ended by the listener that began them, or all at once', () => {
    const onClosed = () => undefined;
    client.off('closed', onClosed).off('closed').once('closed', onClosed);
    // @ts-expect-error a listener of another event
    client.off('closed', (_: CfluxEvents['pushed'][0]) => undefined);
    // @ts-expect-error payloads are not for changing
    client.on('pushed', (payload) => (payload.version = 1));
  });
});

describe('types of options', () => {
  it('take what they name, and not undefined in its place', () => {
    new CfluxClient(new LocalMetaClient(), {
      cluster: 'prod',
      endpoint: ['http://a:8000', 'http://b:8000'],
      token: async () => 'token',
      tls: { ca: 'pem', cert: Buffer.from('pem') },
      retry: { attempts: 3, onRetry: ({ attempt }) => attempt.toFixed() },
      startOffline: true,
      reads: 'local',
    });
    // @ts-expect-error leave it out instead
    new CfluxClient(new LocalMetaClient(), { cluster: undefined });
    // @ts-expect-error milliseconds
    new CfluxClient(new LocalMetaClient(), { heartbeatInterval: '5s' });
    expectTypeOf(loadConfig).toEqualTypeOf<(sources?: ConfigSources) => CfluxOptions>();
    expectTypeOf(new HttpTransport({ endpoint: 'http://a:8000' })).toExtend<
      NonNullable<CfluxOptions['transport']>
    >();
  });

  it('take loggers of the shape that pino, bunyan and console have', () => {
    expectTypeOf(console).toExtend<EventLogger>();
    expectTypeOf(jsonLogger()).toEqualTypeOf<EventLogger>();
    type PinoMethod = { (fields: object, message?: string): void; (message: string): void };
    expectTypeOf<Record<'debug' | 'info' | 'warn' | 'error', PinoMethod>>().toExtend<EventLogger>();
    expectTypeOf<EventRecord['event']>().toEqualTypeOf<string>();
    // @ts-expect-error the level error is missing
    new CfluxClient(new LocalMetaClient(), { logger: { debug() {}, info() {}, warn() {} } });
  });

  it('take a registry of prom-client, whose types need not be there', () => {
    expectTypeOf<Registry>().toExtend<MetricsRegistry>();
    expectTypeOf(clientMetrics)
      .parameter(1)
      .toEqualTypeOf<{ readonly registry?: MetricsRegistry } | undefined>();
    expectTypeOf(clientMetrics).toBeCallableWith([client, client]);
  });
});

describe('types of the results of a client', () => {
  it('status, versions, members, errors', () => {
    expectTypeOf(client.status).toEqualTypeOf<CfluxStatus>();
    expectTypeOf(client.refresh).toEqualTypeOf<(options?: WaitOptions) => Promise<number>>();
    expectTypeOf(client.nodes()).resolves.items.toHaveProperty('alive');
    const error: unknown = undefined;
    if (isCfluxError(error)) expectTypeOf(error.outcome).toEqualTypeOf<Outcome | undefined>();
    // @ts-expect-error there is no such code
    isCfluxError(error, 'NO_SUCH_CODE');
  });
});
