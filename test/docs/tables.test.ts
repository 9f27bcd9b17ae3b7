import { CfluxClient, clientMetrics, LocalMetaClient } from 'clusterflux';
import { gatewayMetrics } from 'clusterflux/gateway';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { agentMetrics } from '../../src/cli/agent/agent-metrics.js';
import { settings } from '../../src/client/config/config-settings.js';
import { resolveOptions } from '../../src/client/config/options.js';
import { defaultLimits } from '../../src/manager/limits.js';
import { serve } from '../support/serve.js';
import { unstartedAgent } from '../support/unstarted-agent.js';
import { payloads, propertiesOf } from './declarations.js';
import { namesIn, rowsOf, section, textOf } from './markdown.js';

const optionsPage = textOf('docs/reference/options.md');
const metricsPage = textOf('docs/reference/metrics.md');

/** The headings below which options are documented, and the interfaces that declare them. */
const options: [heading: string, ...declarations: [file: string, name: string][]][] = [
  ['## `CfluxClient`', ['src/client/config/options.ts', 'CfluxOptions']],
  ['## `LocalMetaClient`', ['src/meta/local-meta-options.ts', 'LocalMetaClientOptions']],
  ['## `HttpTransport`', ['src/transport/http-options.ts', 'HttpTransportOptions']],
  [
    '## `retry`, and `withRetry`',
    ['src/transport/retry-schedule.ts', 'RetryScheduleOptions'],
    ['src/transport/attempts.ts', 'RetryOptions'],
  ],
  ['## `jsonLogger`', ['src/client/observe/json-logger.ts', 'JsonLoggerOptions']],
  ['## `Manager`', ['src/manager/manager-options.ts', 'ManagerOptions']],
  ['## `limits` of a manager', ['src/manager/limits.ts', 'Limits']],
  ['## `createManagerServer`', ['src/manager/http/manager-server.ts', 'ManagerServerOptions']],
  ['## `LmdbStore`', ['src/manager/stores/lmdb/lmdb-store.ts', 'LmdbStoreOptions']],
  ['## `EtcdStore`', ['src/manager/stores/etcd/connect/etcd-options.ts', 'EtcdOptions']],
  [
    '## `InfluxMirror`',
    ['src/influxdb/converge/mirror-options.ts', 'InfluxMirrorOptions'],
    ['src/influxdb/connect/influx-options.ts', 'InfluxConnectionOptions'],
  ],
  [
    '## `provisionServer`',
    ['src/influxdb/offline/server-paths.ts', 'OfflineServerOptions'],
    ['src/influxdb/provision/provision-metadata.ts', 'ProvisionMetadataOptions'],
    ['src/influxdb/provision/provision-server.ts', 'ProvisionServerOptions'],
  ],
  [
    '## `recoverServer`',
    ['src/influxdb/offline/server-paths.ts', 'OfflineServerOptions'],
    ['src/influxdb/recover/recover-server.ts', 'RecoverServerOptions'],
  ],
  ['## `createGateway`', ['src/gateway/gateway-options.ts', 'GatewayOptions']],
];

/** `5,000` and `15 000` are the same number in the documents and in the comments; `undefined` where there is none. */
const numberIn = (text = '') => /\d[\d,\u00a0 ]*/.exec(text)?.[0].replace(/\D/g, '');

const sorted = (names: Iterable<string>) => [...names].sort();

describe('tables of options name each option once, with the default of the code', () => {
  it.each(options)('%s', (heading, ...declarations) => {
    const rows = rowsOf(section(optionsPage, heading));
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
    for (const [name = '', value = ''] of rowsOf(section(optionsPage, '## `CfluxClient`'))) {
      const option = namesIn(name)[0] ?? '';
      const actual = resolved[option];
      if (typeof actual === 'number') expect(numberIn(value), option).toBe(String(actual));
      else if (typeof actual === 'string' || typeof actual === 'boolean')
        expect(value, option).toContain(`\`${actual}\``);
    }
  });

  it('the limits of a manager are those that it has', () => {
    for (const [name = '', value = ''] of rowsOf(section(optionsPage, '## `limits` of a manager'))) {
      const limit = defaultLimits[namesIn(name)[0] as keyof typeof defaultLimits];
      const factor = value.endsWith('MiB') ? 2 ** 20 : 1;
      expect(Number(numberIn(value)) * factor).toBe(limit);
    }
  });
});

describe('tables of the reference are complete', () => {
  it('every event is there, with each field of its payload', () => {
    const rows = rowsOf(textOf('docs/reference/events.md'));
    const documented = rows.map(([event, fields]) => [namesIn(event)[0], sorted(namesIn(fields))]);
    const declared = [...payloads('src/client/observe/events.ts', 'CfluxEvents')].map(([event, fields]) => [
      event,
      sorted(fields),
    ]);
    expect(new Map(documented as [string, string[]][])).toEqual(new Map(declared as [string, string[]][]));
  });

  it('every name of a setting is there, in the file, in the environment and on the command line', () => {
    const rows = rowsOf(section(textOf('docs/reference/configuration.md'), '## The library'));
    const documented = rows.map((cells) => cells.map((cell) => String(namesIn(cell))));
    const declared = settings.map(({ key, env, flag, option }) => [key, String(env), flag, option]);
    expect(sorted(documented.map(String))).toEqual(sorted(declared.map(String)));
  });

  it('every metric is there, with its labels', async () => {
    const documented = rowsOf(metricsPage).flatMap(([names]) => namesIn(names));
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
    const { text } = await agentMetrics(unstartedAgent());
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
