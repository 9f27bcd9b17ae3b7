import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../support/bundle.js';
import { type EtcdCluster, startEtcd } from '../../support/etcd.js';
import { type Influxd, startInfluxd } from '../../support/influxd.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import type { OperationLog } from '../operation-log.js';
import { ManagerServer } from './manager-server.js';
import { NetworkNamespace } from './network-namespace.js';
import { NodeProcess } from './node-process.js';
import { SmallDisk } from './small-disk.js';

export interface WorldOptions {
  /** `lmdb`: one manager. `etcd`: three members and three managers. */
  readonly store: 'lmdb' | 'etcd';
  readonly nodes: number;
  /** Whether each node has a live InfluxDB that follows it. */
  readonly influxd: boolean;
  /** In runs with an even seed nodes use deltas; if four divides it, every second node is of a release without them. */
  readonly seed: number;
  /** Whether the one manager's store is on a disk that can be filled. */
  readonly smallDisk: boolean;
  /** Whether the last node has a network of its own. */
  readonly namespace: boolean;
}

/** A network between two processes, as a proxy. */
export interface Link {
  readonly name: string;
  readonly proxy: TcpProxy;
}

const megabytes = 64;
/** So little room that a run can fill it. */
const etcdArgs = ['--quota-backend-bytes', `${megabytes * 1024 * 1024}`, '--auto-compaction-retention', '5s'];

/** Real processes, with proxies between them. */
export class World {
  readonly dir: string;
  readonly etcd: EtcdCluster | undefined;
  readonly disk: SmallDisk | undefined;
  readonly namespace: NetworkNamespace | undefined;
  readonly managers: ManagerServer[] = [];
  readonly nodes: NodeProcess[] = [];
  readonly servers: Influxd[] = [];
  /** Of each node to each manager, and to its InfluxDB. */
  readonly nodeLinks: Link[] = [];
  /** Of each manager to each etcd member. */
  readonly storeLinks: Link[] = [];

  /** To each etcd member from the others: a member that is cut off receives their messages, and its own are lost. */
  readonly peerLinks: readonly Link[];

  private constructor(parts: Pick<World, 'dir' | 'etcd' | 'disk' | 'namespace' | 'peerLinks'>) {
    this.dir = parts.dir;
    this.etcd = parts.etcd;
    this.disk = parts.disk;
    this.namespace = parts.namespace;
    this.peerLinks = parts.peerLinks;
  }

  /** Starts everything; resolves when the managers serve. */
  static async start(options: WorldOptions, log: OperationLog): Promise<World> {
    const dir = await mkdtemp(join(tmpdir(), 'cflux-chaos-'));
    const { store, smallDisk, namespace } = options;
    const peerLinks: Link[] = [];
    const peerWay = async (url: string) => {
      const proxy = await TcpProxy.start(url);
      peerLinks.push({ name: `peers-e${peerLinks.length}`, proxy });
      return proxy.url;
    };
    const world = new World({
      dir,
      peerLinks,
      etcd: store === 'etcd' ? await startEtcd(3, { args: etcdArgs, peerWay }) : undefined,
      disk: store === 'lmdb' && smallDisk ? await SmallDisk.mount(join(dir, 'disk'), megabytes) : undefined,
      namespace: namespace ? await NetworkNamespace.create() : undefined,
    });
    try {
      await world.#startManagers(log);
      await world.#startNodes(options, log);
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  async #startManagers(log: OperationLog): Promise<void> {
    const program = await bundle(programFile('manager'));
    for (let number = 0; number < (this.etcd ? 3 : 1); number++) {
      const name = `m${number}`;
      const onCrash = (what: string) => log.complain({ client: name, time: 0, what });
      const args = [this.namespace?.address ?? '', ...(await this.#storeOf(name, number))];
      this.managers.push(new ManagerServer(name, program, args, onCrash));
    }
    await Promise.all(this.managers.map((manager) => manager.start()));
  }

  /** Each manager prefers an etcd member of its own. */
  async #storeOf(name: string, number: number): Promise<readonly string[]> {
    if (this.etcd === undefined) return ['lmdb', this.disk?.dir ?? join(this.dir, 'store')];
    const links = await this.#link(this.storeLinks, name, 'e', this.etcd.endpoints);
    return ['etcd', ...from(links, number)];
  }

  async #startNodes({ nodes, influxd, seed }: WorldOptions, log: OperationLog): Promise<void> {
    const program = await bundle(programFile('node'));
    for (let number = 0; number < nodes; number++) {
      const name = `n${number}`;
      const space = number === nodes - 1 ? this.namespace : undefined;
      const urls = this.managers.map(({ url }) => url);
      const links = await this.#link(this.nodeLinks, name, 'm', urls, space?.address);
      const dir = join(this.dir, name);
      await mkdir(join(dir, 'meta'), { recursive: true });
      const server = influxd ? await startInfluxd() : undefined;
      if (server) this.servers.push(server);
      const [follower] = server
        ? await this.#link(this.nodeLinks, name, 'influxd', [server.url], space?.address)
        : [];
      const usesDeltas = seed % 2 === 0 && (seed % 4 !== 0 || number % 2 === 0);
      const endpoints = from(links, number);
      const setup = { name, dir, endpoints, usesDeltas, ...(follower ? { influxd: follower } : {}) };
      this.nodes.push(new NodeProcess(setup, [...(space?.command ?? []), process.execPath, program], log));
    }
    for (const node of this.nodes) node.start();
  }

  async #link(
    links: Link[],
    name: string,
    other: string,
    targets: readonly string[],
    host?: string,
  ): Promise<readonly string[]> {
    const urls: string[] = [];
    for (const [number, target] of targets.entries()) {
      const proxy = await TcpProxy.start(target, host);
      links.push({ name: `${name}-${other}${number}`, proxy });
      urls.push(proxy.url);
    }
    return urls;
  }

  /** Ends every process, and takes away all that was made. */
  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
    for (const { program } of this.managers) program.resume();
    await Promise.all(this.managers.map(({ program }) => program.end('SIGKILL')));
    await Promise.all([...this.nodeLinks, ...this.storeLinks].map(({ proxy }) => proxy.close()));
    await Promise.all(this.servers.map((server) => server.remove()));
    await this.etcd?.close();
    await Promise.all(this.peerLinks.map(({ proxy }) => proxy.close()));
    await this.namespace?.remove();
    await this.disk?.unmount();
    await rm(this.dir, { recursive: true, force: true });
  }
}

const programFile = (name: string) => fileURLToPath(new URL(`../programs/${name}.ts`, import.meta.url));

/** The list, begun at another place. */
function from<T>(list: readonly T[], first: number): T[] {
  const start = first % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
