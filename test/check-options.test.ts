import { CfluxClient, HttpTransport, LocalMetaClient } from 'clusterflux';
import { Manager, MemoryStore } from 'clusterflux/manager';
import { mockMetaClient } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';

/** What a program without types may write. */
const construct = (make: new (...args: never[]) => unknown, ...args: readonly unknown[]) =>
  Reflect.construct(make, args);

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
  ])('are refused: %s', (_, make, message) => {
    expect(make).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) }),
    );
  });

  it('are taken if they are undefined, and from a mock with more than it needs', () => {
    expect(() =>
      construct(CfluxClient, mockMetaClient(), { dir: undefined, cluster: undefined }),
    ).not.toThrow();
    expect(() => construct(LocalMetaClient, { dir: undefined })).not.toThrow();
  });
});
