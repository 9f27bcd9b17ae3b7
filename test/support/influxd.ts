import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { acceptsConnections } from './accepts-connections.js';

/** How a test's InfluxDB server is set up. */
export interface InfluxdOptions {
  /** Whether requests need credentials. Default: false. */
  readonly auth?: boolean;
  /** The secret of JSON Web Tokens. Default: none. */
  readonly sharedSecret?: string;
  /** Whether CREATE DATABASE makes `autogen`. Default: true. */
  readonly retentionAutocreate?: boolean;
  /** Rows of one result before it is cut and marked `partial`. Default: 0, no limit. */
  readonly maxRowLimit?: number;
  /** Whether the server keeps its own statistics in `_internal`. Default: false. */
  readonly monitor?: boolean;
  /** Content of its first meta.db. Default: none, an empty server. */
  readonly metadata?: Uint8Array;
  /** PEM files; with them the server uses HTTPS. Only the owner may read the key. */
  readonly tls?: { readonly certificate: string; readonly privateKey: string };
  /** How often expired shard groups are deleted. Default: '30m'. */
  readonly retentionCheck?: string;
  /** How long a shard is not written to before its points move from the write-ahead log to a TSM file. Default: '10m'. */
  readonly flushAfter?: string;
}

/** A real `influxd` on loopback with a folder of its own. */
export interface Influxd {
  readonly url: string;
  /** `host:port` of the snapshot service. */
  readonly snapshot: string;
  readonly dir: string;
  /** The response to one InfluxQL request, parsed. */
  query(statement: string, credentials?: { username: string; password: string }): Promise<InfluxAnswer>;
  /** Writes lines of points; throws unless they were stored. */
  write(database: string, lines: string, policy?: string): Promise<void>;
  /** Ends the process, by SIGTERM or the signal given; its folder stays. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same ports and folder. */
  start(): Promise<void>;
  /** Ends the process and removes its folder. */
  remove(): Promise<void>;
}

export interface InfluxAnswer {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly { name?: string; columns: string[]; values?: unknown[][] }[];
  }[];
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts `influxd`; resolves when it responds. */
export async function startInfluxd(options: InfluxdOptions = {}): Promise<Influxd> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-influxd-'));
  await mkdir(join(dir, 'meta'));
  if (options.metadata !== undefined) await writeFile(join(dir, 'meta', 'meta.db'), options.metadata);
  // A free port may be taken by another test before influxd binds it: then others are tried.
  for (let attempt = 1; ; attempt++) {
    const ports = { http: await freePort(), snapshot: await freePort() };
    await writeFile(join(dir, 'influxdb.conf'), configuration(dir, ports, options));
    const server = influxdIn(dir, ports, options);
    try {
      await server.start();
      return server;
    } catch (error) {
      if (attempt === 5 || !String(error).includes('address already in use')) throw error;
    }
  }
}

function influxdIn(dir: string, ports: { http: number; snapshot: number }, options: InfluxdOptions): Influxd {
  const url = `${options.tls ? 'https' : 'http'}://127.0.0.1:${ports.http}`;
  let child: ChildProcess | undefined;

  const post = async (path: string, body: string, headers: Record<string, string>) =>
    fetch(`${url}${path}`, { method: 'POST', body, headers });

  return {
    url,
    dir,
    snapshot: `127.0.0.1:${ports.snapshot}`,
    async start() {
      child = await launch(dir, ports.http);
    },
    async stop(signal = 'SIGTERM') {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
    async remove() {
      await this.stop('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
    async query(statement, credentials) {
      const headers: Record<string, string> = { 'Content-Type': 'application/x-www-form-urlencoded' };
      if (credentials) {
        const { username, password } = credentials;
        headers['Authorization'] = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
      }
      const answer = await post('/query', new URLSearchParams({ q: statement }).toString(), headers);
      return (await answer.json()) as InfluxAnswer;
    },
    async write(database, lines, policy) {
      const where = new URLSearchParams({ db: database, ...(policy === undefined ? {} : { rp: policy }) });
      const answer = await post(`/write?${where}`, lines, {});
      if (answer.status !== 204) throw new Error(`write answered ${answer.status}: ${await answer.text()}`);
    },
  };
}

async function launch(dir: string, port: number): Promise<ChildProcess> {
  const child = spawn(process.env['INFLUXD'] ?? 'influxd', ['-config', join(dir, 'influxdb.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let log = '';
  child.stderr?.on('data', (chunk) => {
    log = (log + String(chunk)).slice(-4000);
  });
  const deadline = performance.now() + 20_000;
  // A connection is enough, because influxd opens this port last.
  while (!(await acceptsConnections(port))) {
    if (child.exitCode !== null) throw new Error(`influxd ended with ${child.exitCode}: ${log}`);
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`influxd does not answer: ${log}`);
    }
    await delay(10);
  }
  return child;
}

/** A TCP port on loopback that is free at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function configuration(
  dir: string,
  ports: { http: number; snapshot: number },
  options: InfluxdOptions,
): string {
  const { auth = false, retentionAutocreate = true, maxRowLimit = 0, monitor = false, tls } = options;
  return `
# The key of InfluxDB, and that of Debian's package: unknown keys are ignored, and no server under test may report its usage.
reporting-disabled = true
reporting-enabled = false
bind-address = "127.0.0.1:${ports.snapshot}"
[meta]
  dir = "${dir}/meta"
  retention-autocreate = ${retentionAutocreate}
[data]
  dir = "${dir}/data"
  wal-dir = "${dir}/wal"
  query-log-enabled = false
  cache-snapshot-write-cold-duration = "${options.flushAfter ?? '10m'}"
[retention]
  check-interval = "${options.retentionCheck ?? '30m'}"
[monitor]
  store-enabled = ${monitor}
  store-interval = "1s"
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
[http]
  bind-address = "127.0.0.1:${ports.http}"
  auth-enabled = ${auth}
  shared-secret = "${options.sharedSecret ?? ''}"
  log-enabled = false
  max-row-limit = ${maxRowLimit}
  https-enabled = ${tls !== undefined}
  https-certificate = "${tls?.certificate ?? ''}"
  https-private-key = "${tls?.privateKey ?? ''}"
[logging]
  level = "error"
`;
}
