import ky from 'ky';
import type { CfluxOptions } from '../../src/index.js';
import { LocalTransport, Manager, MemoryStore } from '../../src/manager/index.js';
import { ManagerProcess } from './manager-process.js';

/** A manager, how clients reach it, and the calls that no client can do without, bare: those are the floors. */
export interface Setting {
  readonly name: string;
  readonly options: CfluxOptions;
  /** Makes `snapshot` the next version of `cluster`; resolves with that version. */
  push(cluster: string, base: number, snapshot: Uint8Array): Promise<number>;
  /** Answers a version other than `version`, its snapshot read to the end. */
  poll(cluster: string, version: number): Promise<number>;
  /** Registers a node; resolves with its id. */
  register(cluster: string): Promise<number>;
  heartbeat(cluster: string, nodeId: number): Promise<void>;
  close(): Promise<void>;
}

const node = { ip: '127.0.0.1,', hostname: 'bench', bindAddress: 'localhost:8086' };

/** Manager and clients in one process, no network. */
export function localSetting(): Setting {
  const manager = new Manager({ store: new MemoryStore() });
  let mutations = 0;
  return {
    name: 'LocalTransport',
    options: { transport: new LocalTransport(manager) },
    async push(cluster, version, snapshot) {
      const result = await manager.push({ cluster, version, snapshot, mutation: `bare-${mutations++}` });
      if (result.kind !== 'committed') throw new Error(`the push ended as ${result.kind}`);
      return result.version;
    },
    async poll(cluster, version) {
      const result = await manager.poll({ cluster, version });
      if (result.kind !== 'snapshot') throw new Error(`the poll ended as ${result.kind}`);
      return result.version;
    },
    register: async (cluster) => (await manager.register(cluster, node)).id,
    async heartbeat(cluster, nodeId) {
      if (!(await manager.heartbeat(cluster, nodeId))) throw new Error('the manager does not know the node');
    },
    close: () => manager.close(),
  };
}

/** The manager is a process of its own, reached over HTTP. */
export async function httpSetting(): Promise<Setting> {
  const manager = await ManagerProcess.start();
  return { ...bareHttp(manager.url), close: () => manager.stop() };
}

/** For a manager that is already running. */
export function bareHttp(url: string): Setting {
  const bare = ky.create({ prefixUrl: url, timeout: false, retry: 0 });
  const versionOf = async (response: Response) => {
    await response.arrayBuffer();
    return Number(response.headers.get('Version'));
  };
  return {
    name: 'HTTP',
    options: { endpoint: url },
    push: async (cluster, base, body) =>
      versionOf(await bare.post(`clusters/${cluster}/versions/${base}`, { body })),
    poll: async (cluster, version) => versionOf(await bare.get(`clusters/${cluster}/versions/${version}`)),
    register: async (cluster) =>
      (await bare.post(`nodes/${cluster}`, { json: node }).json<{ id: number }>()).id,
    async heartbeat(cluster, nodeId) {
      await (await bare.put(`nodes/${cluster}/${nodeId}`)).arrayBuffer();
    },
    close: async () => {},
  };
}
