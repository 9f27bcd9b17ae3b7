import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/client/config/config.js';
import { resolveOptions } from '../../src/client/config/options.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cflux-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (content: string) => {
  const path = join(folder, 'influxdb.conf');
  writeFileSync(path, content);
  return path;
};

/** As a node of the Go client has it. */
const nodeFile = `
reporting-disabled = true
[meta]
  dir = "/var/lib/influxdb/meta"
[clusterflux]
  dir = "/var/lib/clusterflux"
  clusterflux-endpoint = "http://manager:8000"
  cluster-name = "prod"
  bind-address = "node1:8086"
`;

describe('loadConfig', () => {
  it('reads the configuration file of an existing node as it is', () => {
    expect(loadConfig({ file: file(nodeFile), env: {} })).toEqual({
      dir: '/var/lib/clusterflux',
      endpoint: 'http://manager:8000',
      cluster: 'prod',
      bindAddress: 'node1:8086',
    });
  });

  it('prefers the command line to the environment, and the environment to the file', () => {
    const env = {
      INFLUXDB_CLUSTERFLUX_CLUSTER_NAME: 'from-env',
      INFLUXDB_CLUSTERFLUX_DIR: '/env',
      INFLUXDB_CLUSTERFLUX_CLUSTERFLUX_ENDPOINT: 'http://env:1',
      INFLUXDB_CLUSTERFLUX_BIND_ADDRESS: 'env:8086',
    };
    const argv = ['run', '--cluster', 'from-argv', '--dir=/argv', 'left alone'];
    expect(loadConfig({ file: file(nodeFile), env, argv })).toEqual({
      cluster: 'from-argv',
      dir: '/argv',
      endpoint: 'http://env:1',
      bindAddress: 'env:8086',
    });
  });

  it('lets CLUSTER and CFLUX_ENDPOINT win over the INFLUXDB_ names, and an empty one count as absent', () => {
    const env = {
      CLUSTER: 'short',
      INFLUXDB_CLUSTERFLUX_CLUSTER_NAME: 'long',
      CFLUX_ENDPOINT: '',
      INFLUXDB_CLUSTERFLUX_CLUSTERFLUX_ENDPOINT: 'http://long:1',
    };
    expect(loadConfig({ env })).toEqual({ cluster: 'short', endpoint: 'http://long:1' });
  });

  it('takes several endpoints, and times with units', () => {
    const env = {
      CFLUX_ENDPOINT: 'http://a:1, http://b:2',
      CFLUX_POLL_WAIT: '1.5m',
      CFLUX_HEARTBEAT_INTERVAL: '250ms',
    };
    expect(loadConfig({ env })).toEqual({
      endpoint: ['http://a:1', 'http://b:2'],
      pollWait: 90_000,
      heartbeatInterval: 250,
    });
  });

  it('takes the limit of backups from each source, as text and as a number', () => {
    const sources = {
      file: file('[clusterflux]\nmax-backups = 3\n'),
      env: { CFLUX_MAX_BACKUPS: '20' },
      argv: ['--max-backups=5'],
    };
    expect(loadConfig(sources)).toEqual({ maxBackups: 5 });
    expect(loadConfig({ ...sources, argv: [] })).toEqual({ maxBackups: 20 });
    expect(loadConfig({ ...sources, argv: [], env: {} })).toEqual({ maxBackups: 3 });
  });

  it('is empty without sources', () => {
    expect(loadConfig({ env: {} })).toEqual({});
  });

  it.each([
    [{ argv: ['--endpoint', 'nowhere'] }, /command line, --endpoint: "nowhere" is not an http or https URL/],
    [{ env: { CFLUX_POLL_WAIT: 'soon' } }, /environment, CFLUX_POLL_WAIT: "soon" is not a time/],
    [
      { env: { CFLUX_MAX_BACKUPS: '0' } },
      /environment, CFLUX_MAX_BACKUPS: "0" is not a whole number above 0/,
    ],
    [{ argv: ['--max-backups', '1e3'] }, /--max-backups: "1e3" is not a whole number/],
    [{ argv: ['--cluster'] }, /command line, --cluster: "" is not a name/],
    [{ argv: ['--start-offline=perhaps'] }, /--start-offline: "perhaps" is not true or false/],
  ])('refuses a wrong value with its name, value and source: %j', (sources, message) => {
    expect(() => loadConfig({ env: {}, ...sources })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
    expect(() => loadConfig({ env: {}, ...sources })).toThrow(message);
  });

  it('refuses a wrong value in the file, a file that is not TOML, and a file that is not there', () => {
    const wrong = file('[clusterflux]\ncluster-name = 7\n');
    expect(() => loadConfig({ file: wrong, env: {} })).toThrow(
      /influxdb.conf, \[clusterflux\] cluster-name: 7 is not a name/,
    );
    expect(() => loadConfig({ file: file('[clusterflux'), env: {} })).toThrow(/influxdb.conf: /);
    expect(() => loadConfig({ file: file('clusterflux = 1'), env: {} })).toThrow(
      /"clusterflux" is not a section/,
    );
    expect(() => loadConfig({ file: join(folder, 'none.conf'), env: {} })).toThrow(/none.conf/);
  });

  it('never shows a token', () => {
    try {
      loadConfig({ file: file('[clusterflux]\ntoken = ["s3cret"]\n'), env: {} });
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain('s3cret');
    }
  });
});

describe('options of CfluxClient', () => {
  it('are read from CLUSTER and CFLUX_ENDPOINT, else have the published defaults', () => {
    expect(resolveOptions({}, {})).toMatchObject({
      cluster: 'default',
      endpoint: 'http://localhost:8000',
      heartbeatInterval: 5_000,
      pollWait: 300_000,
      mutationTimeout: 30_000,
      reads: 'accepted',
      startOffline: false,
    });
    expect(resolveOptions({}, { CLUSTER: 'c', CFLUX_ENDPOINT: 'https://m' })).toMatchObject({
      cluster: 'c',
      endpoint: 'https://m',
    });
    expect(resolveOptions({ cluster: 'own' }, { CLUSTER: 'c' })).toMatchObject({ cluster: 'own' });
  });

  it.each([
    [{ cluster: '' }, /cluster: "" is not a name/],
    [{ cluster: 'é'.repeat(128) }, /at most 255 bytes/],
    [{ endpoint: 'localhost:8000' }, /endpoint: "localhost:8000" is not an http or https URL/],
    [{ endpoint: ['http://a', 'ftp://b'] }, /endpoint: "ftp:\/\/b"/],
    [{ heartbeatInterval: 15_000 }, /heartbeatInterval: 15000 is not below/],
    [{ pollWait: Number.NaN }, /pollWait/],
    [{ mutationTimeout: -1 }, /mutationTimeout: -1 is not a positive number of milliseconds/],
  ])('are checked: %j', (options, message) => {
    expect(() => resolveOptions(options, {})).toThrow(message);
  });
});
