import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { tlsFixture } from './tls-fixtures.js';

/** One process of a cluster. */
export interface EtcdMember {
  /** `http://127.0.0.1:…`, for clients. */
  readonly url: string;
  /** Where its data are. While it is killed they may be copied, or replaced by a copy. */
  readonly dataDir: string;
  /** SIGKILL: it loses what it had not written. */
  kill(): Promise<void>;
  /** SIGSTOP: it hangs, and its connections stay. */
  pause(): void;
  resume(): void;
  /** Starts it again on its data. */
  start(): Promise<void>;
}

export interface EtcdCluster {
  readonly endpoints: readonly string[];
  readonly members: readonly EtcdMember[];
  /** Resolves when every member responds. */
  ready(): Promise<void>;
  /** Calls etcd's own JSON gateway: what an operator does with etcdctl. */
  gateway(path: string, body?: object, headers?: Record<string, string>): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

interface Ports {
  readonly client: number;
  readonly peer: number;
}

/** What `startEtcd` may be asked for beside the number of members. */
export interface EtcdSettings {
  /** For every member. */
  readonly args?: readonly string[];
  /** Clients use TLS and a client certificate: those of `test/fixtures/tls`. */
  readonly tls?: boolean;
  /** Where the other members reach the one at `url`: by a way of the caller's. Default: directly. */
  readonly peerWay?: (url: string) => Promise<string>;
}

const tlsArgs = [
  ...['--cert-file', tlsFixture('server'), '--key-file', tlsFixture('server-key')],
  ...['--trusted-ca-file', tlsFixture('ca'), '--client-cert-auth'],
];
/** What a client needs for an etcd with `tls`. */
export const etcdTls = {
  ca: readFileSync(tlsFixture('ca')),
  cert: readFileSync(tlsFixture('client')),
  key: readFileSync(tlsFixture('client-key')),
};

class Member implements EtcdMember {
  readonly url: string;
  readonly dataDir: string;
  readonly #args: readonly string[];
  #process: ChildProcess | undefined;

  constructor(url: string, dataDir: string, args: readonly string[]) {
    this.url = url;
    this.dataDir = dataDir;
    this.#args = ['--data-dir', dataDir, ...args];
  }

  async start(): Promise<void> {
    this.#process = spawn('etcd', this.#args, { stdio: 'ignore', env: { PATH: process.env['PATH'] } });
    await once(this.#process, 'spawn');
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }
}

/** Starts an etcd cluster of `members` on this machine, with data of its own. */
export async function startEtcd(
  members: 1 | 3 = 1,
  { args = [], tls = false, peerWay = async (url) => url }: EtcdSettings = {},
): Promise<EtcdCluster> {
  const dir = mkdtempSync(join(tmpdir(), 'cflux-etcd-'));
  const ports: Ports[] = [];
  for (let member = 0; member < members; member++) {
    ports.push({ client: await freePort(), peer: await freePort() });
  }
  const clientUrl = ({ client }: Ports) => `${tls ? 'https' : 'http'}://127.0.0.1:${client}`;
  const peerUrl = ({ peer }: Ports) => `http://127.0.0.1:${peer}`;
  const ways = await Promise.all(ports.map((each) => peerWay(peerUrl(each))));
  const initialCluster = ways.map((way, number) => `m${number}=${way}`).join(',');
  const processes = ports.map(
    (each, number) =>
      new Member(clientUrl(each), join(dir, `m${number}`), [
        ...['--name', `m${number}`],
        ...['--listen-client-urls', clientUrl(each), '--advertise-client-urls', clientUrl(each)],
        ...['--listen-peer-urls', peerUrl(each), '--initial-advertise-peer-urls', ways[number] ?? ''],
        ...['--initial-cluster', initialCluster, '--logger', 'zap', '--log-level', 'error'],
        ...(tls ? tlsArgs : []),
        ...args,
      ]),
  );
  const cluster: EtcdCluster = {
    endpoints: processes.map(({ url }) => url),
    members: processes,
    ready: async () => {
      await Promise.all(processes.map(({ url }) => answers(url)));
    },
    gateway: (path, body = {}, headers = {}) => post(`${processes[0]?.url}/v3/${path}`, body, headers),
    close: async () => {
      for (const member of processes) member.resume();
      await Promise.all(processes.map((member) => member.kill()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
  try {
    await Promise.all(processes.map((member) => member.start()));
    await cluster.ready();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

/** Kills the only member of an etcd, has its data changed, and starts it again. */
export async function whileStopped(
  etcd: EtcdCluster,
  work: (dataDir: string) => Promise<void>,
): Promise<void> {
  const [member, ...others] = etcd.members;
  if (member === undefined || others.length > 0)
    throw new Error('of several members one can not be put back');
  await member.kill();
  await work(member.dataDir);
  await member.start();
  await etcd.ready();
}

/** Resolves when a linearizable read through the member works: there is a leader then. */
async function answers(url: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      await post(`${url}/v3/kv/range`, { key: 'AA==' }, {});
      return;
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`etcd at ${url} does not answer`, { cause: error });
      await wait(50);
    }
  }
}

async function post(
  url: string,
  body: object,
  headers: Record<string, string>,
): Promise<Record<string, unknown>> {
  const dispatcher = new Agent({ connect: etcdTls });
  try {
    const { statusCode, body: answer } = await request(url, {
      method: 'POST',
      body: JSON.stringify(body),
      headers,
      dispatcher,
      signal: AbortSignal.timeout(5_000),
    });
    const text = await answer.text();
    if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}: ${text}`);
    return JSON.parse(text);
  } finally {
    await dispatcher.close();
  }
}
