import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** One process of a cluster. */
export interface EtcdMember {
  /** `http://127.0.0.1:…`, for clients. */
  readonly url: string;
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
  /** Resolves when every member answers. */
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

class Member implements EtcdMember {
  readonly url: string;
  readonly #args: readonly string[];
  #process: ChildProcess | undefined;

  constructor(ports: Ports, args: readonly string[]) {
    this.url = `http://127.0.0.1:${ports.client}`;
    this.#args = args;
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

/** Starts an etcd cluster of `members` on this machine, with data of its own; `args` are for every member. */
export async function startEtcd(members: 1 | 3 = 1, args: readonly string[] = []): Promise<EtcdCluster> {
  const dir = mkdtempSync(join(tmpdir(), 'cflux-etcd-'));
  const ports: Ports[] = [];
  for (let member = 0; member < members; member++) {
    ports.push({ client: await freePort(), peer: await freePort() });
  }
  const peerUrl = ({ peer }: Ports) => `http://127.0.0.1:${peer}`;
  const initialCluster = ports.map((each, number) => `m${number}=${peerUrl(each)}`).join(',');
  const processes = ports.map(
    (each, number) =>
      new Member(each, [
        ...['--name', `m${number}`, '--data-dir', join(dir, `m${number}`)],
        ...['--listen-client-urls', `http://127.0.0.1:${each.client}`],
        ...['--advertise-client-urls', `http://127.0.0.1:${each.client}`],
        ...['--listen-peer-urls', peerUrl(each), '--initial-advertise-peer-urls', peerUrl(each)],
        ...['--initial-cluster', initialCluster, '--logger', 'zap', '--log-level', 'error'],
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
  const signal = AbortSignal.timeout(5_000);
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body), headers, signal });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
