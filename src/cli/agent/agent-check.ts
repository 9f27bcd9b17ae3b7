import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CfluxError } from '../../errors.js';
import { accessAdvice, systemCode } from '../../file-access.js';
import { InfluxConnection } from '../../influxdb/connect/influx-connection.js';
import { probeServer } from '../../influxdb/connect/probe-server.js';
import type { InfluxMirrorOptions } from '../../influxdb/converge/mirror-options.js';
import { InfluxMirror } from '../../influxdb/influx-mirror.js';
import { readInfluxMetadata } from '../../influxdb/read/read-influx-metadata.js';
import { emptyMetaData } from '../../meta/empty-metadata.js';
import type { ManagerApi } from '../manager-api.js';
import { expectOwnDirectory } from './agent-directory.js';

export interface AgentCheckParts {
  readonly dir: string;
  readonly cluster: string;
  readonly influx: InfluxMirrorOptions;
  readonly manager: ManagerApi;
}

/** The result of one check. */
export interface CheckResult {
  readonly name: string;
  readonly isFailed: boolean;
  readonly text: string;
}

/** Checks what an agent needs, one thing after the other, and changes nothing. */
export async function* checkAgent(parts: AgentCheckParts): AsyncGenerator<CheckResult> {
  const checks: readonly [name: string, run: (parts: AgentCheckParts) => Promise<string>][] = [
    ['server', server],
    ['rights', rights],
    ['snapshot port', snapshotPort],
    ['manager', manager],
    ['data directory', directory],
  ];
  for (const [name, run] of checks) {
    try {
      yield { name, isFailed: false, text: await run(parts) };
    } catch (error) {
      yield { name, isFailed: true, text: CfluxError.from(error).message };
    }
  }
}

async function server({ influx }: AgentCheckParts): Promise<string> {
  const { url, tls } = influx;
  const connection = new InfluxConnection(url, tls === undefined ? {} : { tls });
  try {
    await probeServer(connection);
    return `InfluxDB ${connection.serverVersion ?? ''} at ${connection.address.url}`;
  } finally {
    await connection.close();
  }
}

async function rights({ influx }: AgentCheckParts): Promise<string> {
  const { url, username, password, tls } = influx;
  const { databases, users } = await readInfluxMetadata(url, {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
    snapshot: false,
  });
  const account = username === undefined ? 'without a user' : `as ${JSON.stringify(username)}`;
  return `administrator ${account}; databases: ${databases.length}, users: ${users.length}`;
}

async function snapshotPort({ influx }: AgentCheckParts): Promise<string> {
  if (influx.snapshot === false) return 'not used (--no-snapshot)';
  const mirror = new InfluxMirror(influx);
  try {
    const { snapshotFailure } = await mirror.plan(emptyMetaData());
    if (snapshotFailure !== undefined)
      throw new CfluxError(
        'UNREACHABLE',
        `${snapshotFailure.reason}; set --snapshot host:port, or --no-snapshot`,
      );
    return 'the snapshot can be read';
  } finally {
    await mirror.close();
  }
}

async function manager({ manager, cluster }: AgentCheckParts): Promise<string> {
  const nodes = await manager.nodes(cluster);
  return `${manager.endpoint} accepts the token for cluster ${JSON.stringify(cluster)}; nodes: ${nodes.length}`;
}

async function directory({ dir }: AgentCheckParts): Promise<string> {
  await expectOwnDirectory(dir);
  // The agent creates the directory, so its nearest parent that exists counts.
  for (let path = resolve(dir); ; path = dirname(path)) {
    try {
      if (!(await stat(path)).isDirectory())
        throw new CfluxError('INVALID_OPTION', `${path} is not a directory`);
      await access(path, constants.W_OK | constants.X_OK);
      return `${dir} can be ${path === resolve(dir) ? 'written' : 'created'}`;
    } catch (error) {
      if (systemCode(error) === 'ENOENT' && path !== dirname(path)) continue;
      throw new CfluxError('STORAGE_FAILED', `${CfluxError.from(error).message}${accessAdvice(error)}`, {
        cause: error,
      });
    }
  }
}
