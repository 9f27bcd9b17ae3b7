import type { Command } from 'commander';
import { loadConfig } from '../client/config/config.js';
import type { CfluxOptions } from '../client/config/options.js';
import type { InfluxMirrorOptions } from '../influxdb/converge/mirror-options.js';
import type { HttpTransportOptions } from '../transport/http-options.js';
import { reloadedFileOf, rotatedSecretOf } from './file-of.js';
import { passwordsOf } from './password-file.js';
import type { Terminal } from './terminal.js';

/** How a command reaches an InfluxDB server. */
export interface InfluxFlags {
  readonly influxdb: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly influxdbCa?: string;
  /** `false`: `--no-snapshot`. */
  readonly snapshot?: string | boolean;
  readonly passwords?: string;
  readonly localSubscriptions?: string;
  readonly rebuild?: string;
}

/** The option for subscriptions that the cluster does not share. */
export const localSubscriptionsFlag = [
  '--local-subscriptions <prefix>',
  'subscriptions with this name prefix stay local to each server; "" for none (default: kapacitor-)',
] as const;

export function withInfluxFlags(command: Command): Command {
  return command
    .option('--influxdb <url>', 'URL of the InfluxDB 1.x server', 'http://127.0.0.1:8086')
    .option('--username <name>', 'name of an InfluxDB administrator (or INFLUX_USERNAME)')
    .option('--password-file <file>', "file with only the administrator's password (or INFLUX_PASSWORD)")
    .option('--influxdb-ca <file>', 'certificate authority of InfluxDB (PEM)')
    .option('--snapshot <host:port>', "InfluxDB's snapshot port (default: queried, or port 8088 here)")
    .option('--no-snapshot', 'read by SHOW only; password hashes cannot be compared then')
    .option('--passwords <file>', 'TOML file of `"user" = "password"` (or the same text in CFLUX_PASSWORDS)')
    .option(...localSubscriptionsFlag)
    .option(
      '--rebuild <id>',
      'recreate the schema on a server that lost metadata; id from the log, valid once',
    );
}

export function influxOptions(flags: InfluxFlags, { env }: Terminal): InfluxMirrorOptions {
  const { influxdb: url, snapshot = true, localSubscriptions, rebuild, influxdbCa } = flags;
  const username = flags.username ?? env['INFLUX_USERNAME'];
  const password =
    flags.passwordFile === undefined
      ? env['INFLUX_PASSWORD']
      : rotatedSecretOf('--password-file', flags.passwordFile);
  return {
    url,
    snapshot,
    ...(username === undefined ? {} : { username, ...(password === undefined ? {} : { password }) }),
    ...(influxdbCa === undefined ? {} : { tls: { ca: reloadedFileOf('--influxdb-ca', influxdbCa) } }),
    passwords: passwordsOf(flags.passwords, env['CFLUX_PASSWORDS']),
    ...(localSubscriptions === undefined ? {} : { localSubscriptions }),
    ...(rebuild === undefined ? {} : { rebuild }),
  };
}

/** How a command reaches a manager. */
export interface EndpointFlags {
  readonly endpoint?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** How a command reaches the manager of a cluster. */
export interface ManagerFlags extends EndpointFlags {
  readonly cluster?: string;
}

export function withManagerFlags(command: Command): Command {
  return withEndpointFlags(command).option(
    '--cluster <name>',
    'name of the cluster (or CLUSTER; default: default)',
  );
}

export function withEndpointFlags(command: Command): Command {
  return command
    .option('--endpoint <url>', 'URL of the manager, or several separated by commas (or CFLUX_ENDPOINT)')
    .option('--token-file <file>', 'file with only the bearer token for the manager (or CFLUX_TOKEN)')
    .option('--ca <file>', 'certificate authority of the manager (PEM)')
    .option('--cert <file>', 'client certificate for the manager (PEM)')
    .option('--key <file>', 'private key of --cert (PEM)');
}

/** Returns the flags that name the cluster and its manager, for a command that a message names. */
export function commandFlags(flags: ManagerFlags, terminal: Terminal): string[] {
  const { cluster = 'default', endpoint = [] } = managerOptions(flags, terminal);
  const { tokenFile, ca, cert, key } = flags;
  // A message shows no password.
  const endpoints = [endpoint].flat().filter((url) => !url.includes('@'));
  const given = {
    cluster,
    endpoint: endpoints.length === 0 ? undefined : endpoints.join(','),
    'token-file': tokenFile,
    ca,
    cert,
    key,
  };
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
}

/** The options of a transport among those of a client. */
export function transportOptions({ endpoint, token, tls }: CfluxOptions): HttpTransportOptions {
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(token === undefined ? {} : { token }),
    ...(tls === undefined ? {} : { tls }),
  };
}

export function managerOptions(flags: ManagerFlags, { env }: Terminal): CfluxOptions {
  const { endpoint, cluster, tokenFile, ca, cert, key } = flags;
  const tls = {
    ...(ca === undefined ? {} : { ca: reloadedFileOf('--ca', ca) }),
    ...(cert === undefined ? {} : { cert: reloadedFileOf('--cert', cert) }),
    ...(key === undefined ? {} : { key: reloadedFileOf('--key', key) }),
  };
  return {
    ...loadConfig({ env }),
    ...(endpoint === undefined ? {} : { endpoint: endpoint.split(',').map((url) => url.trim()) }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(tokenFile === undefined
      ? {}
      : { token: rotatedSecretOf('--token-file', tokenFile, (text) => text.trim()) }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
  };
}
