import {
  CfluxClient,
  clientMetrics,
  HttpTransport,
  jsonLogger,
  LocalMetaClient,
  loadConfig,
  withRetry,
} from 'clusterflux';
import { InfluxMirror, readInfluxMetadata } from 'clusterflux/influxdb';
import { executeQuery } from 'clusterflux/influxql';
import {
  createManagerServer,
  EtcdStore,
  LmdbStore,
  LocalTransport,
  Manager,
  MemoryStore,
} from 'clusterflux/manager';
import { mockMetaClient } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';

/** What a program without types may write. */
const construct = (make: new (...args: never[]) => unknown, ...args: readonly unknown[]) =>
  Reflect.construct(make, args);

const apply = (run: (...args: never[]) => unknown, ...args: readonly unknown[]) =>
  Reflect.apply(run, undefined, args);

const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) });

const meta = () => new LocalMetaClient();
const store = () => new MemoryStore();

describe('options', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'an unknown name that contains a known one',
      () => construct(CfluxClient, meta(), { clusterName: 'x' }),
      /option clusterName: unknown to CfluxClient; did you mean cluster\?/,
    ],
    [
      'a longer form of a name',
      () => construct(CfluxClient, meta(), { directory: '/x' }),
      /directory: .* did you mean dir\?/,
    ],
    [
      'a misspelt name',
      () => construct(CfluxClient, meta(), { heartbeatIntervall: 1 }),
      /did you mean heartbeatInterval\?/,
    ],
    ['the plural', () => construct(CfluxClient, meta(), { endpoints: [] }), /did you mean endpoint\?/],
    [
      'a name like no other',
      () => construct(CfluxClient, meta(), { zzz: 1 }),
      /zzz: unknown to CfluxClient; CfluxClient has cluster, /,
    ],
    [
      'null for the options',
      () => construct(CfluxClient, meta(), null),
      /options of CfluxClient: expected an object, found null/,
    ],
    [
      'a string for the options',
      () => construct(CfluxClient, meta(), 'prod'),
      /expected an object, found a string/,
    ],
    [
      'null for an option',
      () => construct(CfluxClient, meta(), { cluster: null }),
      /option cluster of CfluxClient: .*found null/,
    ],
    [
      'a blank name',
      () => construct(CfluxClient, meta(), { cluster: '  ' }),
      /cluster: " {2}" is not a name/,
    ],
    [
      'a blank directory',
      () => construct(CfluxClient, meta(), { dir: ' ' }),
      /option dir .*found a blank string/,
    ],
    [
      'an empty transport',
      () => construct(CfluxClient, meta(), { transport: {} }),
      /option transport .*methods register, heartbeat/,
    ],
    [
      'a flag as text',
      () => construct(CfluxClient, meta(), { startOffline: 'yes' }),
      /startOffline .*expected true or false, found a string/,
    ],
    ['no meta client', () => construct(CfluxClient), /meta of CfluxClient: .*found undefined/],
    ['null for the meta client', () => construct(CfluxClient, null), /meta of CfluxClient: .*found null/],
    [
      'a mock without data',
      () => construct(CfluxClient, { setData: () => {} }),
      /meta of CfluxClient: .*found an object without data/,
    ],
    [
      'the options in place of the meta client',
      () => construct(CfluxClient, { cluster: 'x' }),
      /without data, setData/,
    ],
    [
      'an unknown option of LocalMetaClient',
      () => construct(LocalMetaClient, { directory: '/x' }),
      /LocalMetaClient; did you mean dir\?/,
    ],
    [
      'a wrong type of LocalMetaClient',
      () => construct(LocalMetaClient, { dir: 7 }),
      /option dir of LocalMetaClient: .*found a number/,
    ],
    [
      'an unknown option of HttpTransport',
      () => construct(HttpTransport, { endPoint: 'x' }),
      /did you mean endpoint\?/,
    ],
    [
      'a token of a wrong type',
      () => construct(HttpTransport, { token: { secret: 's3cret' } }),
      /option token .*found an object$/,
    ],
    [
      'no options of Manager',
      () => construct(Manager),
      /options of Manager: expected an object, found undefined/,
    ],
    ['no store', () => construct(Manager, {}), /option store of Manager: .*found undefined/],
    [
      'an unknown option of Manager',
      () => construct(Manager, { store: store(), ttl: 1 }),
      /ttl: unknown to Manager; did you mean nodeTtl\?/,
    ],
    [
      'a nested option of a manager',
      () => construct(Manager, { store: store(), limits: { snapshotByte: 1 } }),
      /snapshotByte: unknown to limits; did you mean snapshotBytes\?/,
    ],
    [
      'a nested option of TLS',
      () => construct(CfluxClient, meta(), { tls: { caFile: '/x' } }),
      /caFile: unknown to tls; did you mean ca\?/,
    ],
    [
      'a nested option of the attempts',
      () => construct(HttpTransport, { retry: { retries: 3 } }),
      /retries: unknown to retry; retry has attempts, /,
    ],
    ['no directory of a store', () => construct(LmdbStore), /options of LmdbStore: .*found undefined/],
    ['a blank directory of a store', () => construct(LmdbStore, { dir: ' ' }), /dir of LmdbStore: .*blank/],
    [
      'an unknown option of a store',
      () => construct(LmdbStore, { directory: '/x' }),
      /directory: unknown to LmdbStore; did you mean dir\?/,
    ],
    [
      'no endpoints of etcd',
      () => construct(EtcdStore, {}),
      /option endpoints of EtcdStore: expected .*found undefined/,
    ],
    [
      'an unknown option of etcd',
      () => construct(EtcdStore, { endpoint: 'http://a' }),
      /did you mean endpoints\?/,
    ],
    [
      'an unknown option of a mirror',
      () => construct(InfluxMirror, { url: 'http://a', userName: 'x' }),
      /userName: unknown to InfluxMirror; did you mean username\?/,
    ],
    [
      'no URL of a mirror',
      () => construct(InfluxMirror, {}),
      /option url of InfluxMirror: .*found undefined/,
    ],
    ['no transport to retry', () => apply(withRetry), /transport of withRetry: .*found undefined/],
    [
      'an unknown option of withRetry',
      () => apply(withRetry, new LocalTransport(new Manager({ store: store() })), { retries: 3 }),
      /retries: unknown to withRetry/,
    ],
    ['an unknown option of jsonLogger', () => apply(jsonLogger, { levels: 'info' }), /did you mean level\?/],
    [
      'an unknown level',
      () => apply(jsonLogger, { level: 'verbose' }),
      /level of jsonLogger: expected "debug" or "info" or "warn" or "error"/,
    ],
    ['an unknown source', () => apply(loadConfig, { path: '/x' }), /path: unknown to loadConfig/],
  ])('are refused: %s', (_, make, message) => {
    expect(make).toThrow(refusal(message));
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'an unknown option of createManagerServer',
      () => apply(createManagerServer, new Manager({ store: store() }), { hosts: [] }),
      /hosts: unknown to createManagerServer; did you mean host\?/,
    ],
    [
      'the options in place of the manager',
      () => apply(createManagerServer, { port: 0 }),
      /manager of createManagerServer: .* without open, announce/,
    ],
    [
      'a port as text',
      () => apply(createManagerServer, new Manager({ store: store() }), { port: '8000' }),
      /option port of createManagerServer: expected a number, found a string/,
    ],
    [
      'an unknown option of readInfluxMetadata',
      () => apply(readInfluxMetadata, 'http://127.0.0.1:1', { user: 'x' }),
      /user: unknown to readInfluxMetadata; did you mean username\?/,
    ],
    [
      'an unknown option of executeQuery',
      () => apply(executeQuery, meta(), 'SHOW USERS', { db: 'x' }),
      /target of executeQuery: .*without mutate/,
    ],
    [
      'an unknown option of clientMetrics',
      () => apply(clientMetrics, [], { registries: [] }),
      /registries: unknown to clientMetrics/,
    ],
  ])('are refused by a rejection: %s', async (_, run, message) => {
    await expect(run()).rejects.toThrow(refusal(message));
  });

  it('are taken if they are undefined, and from a mock with more than it needs', () => {
    expect(() =>
      construct(CfluxClient, mockMetaClient(), { dir: undefined, cluster: undefined }),
    ).not.toThrow();
    expect(() => construct(LocalMetaClient, { dir: undefined })).not.toThrow();
  });
});
