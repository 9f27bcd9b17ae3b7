import { CfluxClient, clientMetrics, LocalMetaClient, systemClock } from 'clusterflux';
import { gatewayMetrics } from 'clusterflux/gateway';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { Agent } from '../../src/cli/agent.js';
import { AgentLog } from '../../src/cli/agent-log.js';
import { agentMetrics } from '../../src/cli/agent-metrics.js';
import { settings } from '../../src/client/config/config-settings.js';
import { resolveOptions } from '../../src/client/config/options.js';
import { defaultLimits } from '../../src/manager/limits.js';
import { serve } from '../support/serve.js';
import { membersOfUnion, payloads, propertiesOf } from './declarations.js';
import { namesIn, rowsOf, section, textOf } from './markdown.js';

const readme = textOf('README.md');

/** Where options are documented, and the interfaces that declare them. */
const options: [document: string, heading: string, ...declarations: [file: string, name: string][]][] = [
  ['README.md', '## Options of the client', ['src/client/config/options.ts', 'CfluxOptions']],
  ['docs/options.md', '## `LocalMetaClient`', ['src/meta/local-meta-client.ts', 'LocalMetaClientOptions']],
  ['docs/options.md', '## `HttpTransport`', ['src/transport/http-options.ts', 'HttpTransportOptions']],
  [
    'docs/options.md',
    '## `retry`, and `withRetry`',
    ['src/transport/retry-schedule.ts', 'RetryScheduleOptions'],
    ['src/transport/with-retry.ts', 'RetryOptions'],
  ],
  ['docs/options.md', '## `jsonLogger`', ['src/client/observe/json-logger.ts', 'JsonLoggerOptions']],
  ['docs/options.md', '## `Manager`', ['src/manager/manager-options.ts', 'ManagerOptions']],
  ['docs/options.md', '## `limits` of a manager', ['src/manager/limits.ts', 'Limits']],
  [
    'docs/options.md',
    '## `createManagerServer`',
    ['src/manager/http/manager-server.ts', 'ManagerServerOptions'],
  ],
  ['docs/options.md', '## `LmdbStore`', ['src/manager/stores/lmdb/lmdb-store.ts', 'LmdbStoreOptions']],
  ['docs/options.md', '## `EtcdStore`', ['src/manager/stores/etcd/connect/etcd-options.ts', 'EtcdOptions']],
  [
    'docs/options.md',
    '## `InfluxMirror`',
    ['src/influxdb/mirror-options.ts', 'InfluxMirrorOptions'],
    ['src/influxdb/influx-options.ts', 'InfluxConnectionOptions'],
  ],
  ['docs/options.md', '## `createGateway`', ['src/gateway/gateway-options.ts', 'GatewayOptions']],
];

/** `5,000` and `15 000` are the same number in the documents and in the comments; `undefined` where there is none. */
const numberIn = (text = '') => /\d[\d,\u00a0 ]*/.exec(text)?.[0].replace(/\D/g, '');

const sorted = (names: Iterable<string>) => [...names].sort();

describe('tables of options name each option once, with the default of the code', () => {
  it.each(options)('%s %s', (document, heading, ...declarations) => {
    const rows = rowsOf(section(textOf(document), heading));
    const documented = new Map(
      rows.flatMap(([names = '', value = '']) => namesIn(names).map((name) => [name, value] as const)),
    );
    const declared = declarations.flatMap(([file, name]) => propertiesOf(file, name));
    expect(sorted(rows.flatMap(([names = '']) => namesIn(names)))).toEqual(
      sorted(declared.map(({ name }) => name)),
    );
    for (const { name, defaultText } of declared) {
      const inTable = documented.get(name);
      if (/^`?\d/.test(defaultText ?? ''))
        expect(numberIn(inTable), `${heading} ${name}`).toBe(numberIn(defaultText));
    }
  });

  it('the defaults of CfluxClient are those that it resolves to', () => {
    const resolved: Record<string, unknown> = { ...resolveOptions({}, {}) };
    for (const [name = '', value = ''] of rowsOf(section(readme, '## Options of the client'))) {
      const option = namesIn(name)[0] ?? '';
      const actual = resolved[option];
      if (typeof actual === 'number') expect(numberIn(value), option).toBe(String(actual));
      else if (typeof actual === 'string' || typeof actual === 'boolean')
        expect(value, option).toContain(`\`${actual}\``);
    }
  });

  it('the limits of a manager are those that it has', () => {
    for (const [name = '', value = ''] of rowsOf(
      section(textOf('docs/options.md'), '## `limits` of a manager'),
    )) {
      const limit = defaultLimits[namesIn(name)[0] as keyof typeof defaultLimits];
      const factor = value.endsWith('MiB') ? 2 ** 20 : 1;
      expect(Number(numberIn(value)) * factor).toBe(limit);
    }
  });
});

describe('tables of the README are complete', () => {
  it('every error code is there once', () => {
    const documented = rowsOf(section(readme, '## Errors')).flatMap(([codes]) => namesIn(codes));
    expect(sorted(documented)).toEqual(sorted(membersOfUnion('src/errors.ts', 'CfluxErrorCode')));
  });

  it('every event is there, with each field of its payload', () => {
    const rows = rowsOf(section(readme, '## Events'));
    const documented = rows.map(([event, fields]) => [namesIn(event)[0], sorted(namesIn(fields))]);
    const declared = [...payloads('src/client/observe/events.ts', 'CfluxEvents')].map(([event, fields]) => [
      event,
      sorted(fields),
    ]);
    expect(new Map(documented as [string, string[]][])).toEqual(new Map(declared as [string, string[]][]));
  });

  it('every name of a setting is there, in the file, in the environment and on the command line', () => {
    const rows = rowsOf(section(readme, '### Move from the 2016 Go client'));
    const documented = rows.map((cells) => cells.map((cell) => String(namesIn(cell))));
    const declared = settings.map(({ key, env, flag, option }) => [key, String(env), flag, option]);
    expect(sorted(documented.map(String))).toEqual(sorted(declared.map(String)));
  });

  it('every metric is there, with its labels', async () => {
    const documented = rowsOf(section(readme, '### Observe')).flatMap(([names]) => namesIn(names));
    const client = new CfluxClient(new LocalMetaClient(), { cluster: 'c' });
    const registry = new Registry();
    await clientMetrics(client, { registry });
    const { url } = await serve();
    const manager = await (await fetch(`${url}/metrics`)).text();
    const exposed = new Set(
      [...`${await registry.metrics()}${manager}`.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name),
    );
    expect(sorted(documented.map((name) => name.replace(/\{.*/, '')))).toEqual(
      sorted(exposed as Set<string>),
    );
  });

  it('every metric of an agent is in its page', async () => {
    const documented = rowsOf(section(textOf('docs/influxdb.md'), '## Monitoring')).flatMap(([names]) =>
      namesIn(names).filter((name) => name.startsWith('cflux_')),
    );
    const options = { dir: 'unused', client: {}, influx: { url: 'http://127.0.0.1:1' }, clock: systemClock };
    const log = new AgentLog(() => {}, { json: true, clock: systemClock });
    const agent = new Agent({ ...options, import: false, onForeign: 'wait' }, log);
    const { text } = await agentMetrics(agent);
    const exposed = [...(await text()).matchAll(/^# TYPE (cflux_(?:agent|certificate)_\S+)/gm)].map(
      ([, name]) => name ?? '',
    );
    expect(sorted(documented.map((name) => name.replace(/\{.*/, '')))).toEqual(sorted(exposed));
  });

  it('every metric of a gateway is in its page', async () => {
    const documented = rowsOf(section(textOf('docs/gateway.md'), '## Observe')).flatMap(([names]) =>
      namesIn(names).filter((name) => name.startsWith('cflux_')),
    );
    const registry = new Registry();
    await gatewayMetrics({ on: () => undefined }, { registry });
    const exposed = [...(await registry.metrics()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? '');
    expect(sorted(documented)).toEqual(sorted(exposed));
  });
});
