import { CfluxError } from 'clusterflux';
import {
  type ClusterRecord,
  type Commit,
  type CommitResult,
  createManagerServer,
  type Head,
  Manager,
  type ManagerServer,
  type ManagerStore,
  type NodeDetails,
  type StoreContext,
  type VersionRecord,
} from 'clusterflux/manager';
import type { NodeInfo } from '../../src/protocol/nodes.js';

const token = 'a-token-for-tests-only';

/** A store as it looks through the whole HTTP server of a manager: only what the wire carries comes through. */
export class HttpStore implements ManagerStore {
  readonly name = 'http';
  readonly #inner: ManagerStore;
  #manager: Manager | undefined;
  #server: ManagerServer | undefined;

  /** @param inner The store that the manager behind the server keeps its data in. */
  constructor(inner: ManagerStore) {
    this.#inner = inner;
  }

  async open(context: StoreContext): Promise<void> {
    if (this.#server !== undefined) return;
    const { clock, random, nodeTtl, keepVersions, maxNodes } = context;
    // No reservations: on a clock that stands still they would never end.
    const options = {
      store: this.#inner,
      clock,
      random,
      nodeTtl,
      keepVersions,
      limits: { nodes: maxNodes },
      conflictHold: 0,
    };
    this.#manager = new Manager(options);
    const tokens = [{ name: 'ops', token, scopes: ['admin'] as const }];
    this.#server = await createManagerServer(this.#manager, { port: 0, tokens });
  }

  async close(): Promise<void> {
    await this.#server?.close();
    await this.#manager?.close();
    this.#server = undefined;
  }

  async check(): Promise<void> {
    await this.#request('GET', '/ready');
  }

  async head(cluster: string): Promise<Head> {
    const answer = await this.#request('GET', `${versions(cluster)}/0`, { headers: { prefer: 'wait=0' } });
    const epoch = answer.headers.get('cflux-epoch') ?? '';
    if (answer.status === 204) return { epoch, latest: undefined };
    return { epoch, latest: await this.#record(cluster, Number(answer.headers.get('version'))) };
  }

  async read(cluster: string, version: number): Promise<Uint8Array | undefined> {
    const answer = await this.#request(
      'GET',
      `/clusters/${encodeURIComponent(cluster)}/history/${version}`,
      {},
      [404],
    );
    return answer.status === 404 ? undefined : new Uint8Array(await answer.arrayBuffer());
  }

  async history(cluster: string): Promise<readonly VersionRecord[]> {
    return json(await this.#request('GET', `/clusters/${encodeURIComponent(cluster)}/history`));
  }

  async commit(commit: Commit): Promise<CommitResult> {
    const { cluster, base, snapshot, mutation, epoch, nodeId, minVersion } = commit;
    const before = await this.head(cluster);
    // To a cluster without data any version is right, and the new one is above it.
    const version = before.latest === undefined ? Math.max(base, minVersion ?? 0) : base;
    const headers = {
      'cflux-mutation': mutation,
      ...(epoch === undefined ? {} : { 'cflux-epoch': epoch }),
      ...(nodeId === undefined ? {} : { 'cflux-node': String(nodeId) }),
    };
    const request = { headers, body: Buffer.from(snapshot) };
    const answer = await this.#request('POST', `${versions(cluster)}/${version}`, request, [409, 412]);
    const ours = answer.headers.get('cflux-epoch') ?? '';
    if (answer.status === 412) return { kind: 'epochMismatch', epoch: ours };
    const stored = Number(answer.headers.get('version'));
    if (answer.status === 200 && stored <= (before.latest?.version ?? 0)) {
      return { kind: 'repeated', epoch: ours, version: stored };
    }
    const record = await this.#record(cluster, stored);
    return answer.status === 409
      ? { kind: 'conflict', epoch: ours, latest: record }
      : { kind: 'committed', epoch: ours, record };
  }

  async clusters(): Promise<readonly ClusterRecord[]> {
    type Listed = { cluster: string; epoch: string; version?: number };
    const listed = await json<Listed[]>(await this.#request('GET', '/clusters'));
    return Promise.all(
      listed.map(async ({ cluster, epoch, version }) => ({
        cluster,
        epoch,
        latest: version === undefined ? undefined : await this.#record(cluster, version),
      })),
    );
  }

  async deleteCluster(cluster: string): Promise<boolean> {
    const answer = await this.#request('DELETE', `/clusters/${encodeURIComponent(cluster)}`, {}, [404]);
    return answer.status === 200;
  }

  async addNode(cluster: string, node: NodeDetails): Promise<number> {
    const body = JSON.stringify(node);
    const answer = await this.#request('POST', `/nodes/${encodeURIComponent(cluster)}`, { body });
    return (await json<{ id: number }>(answer)).id;
  }

  async heartbeat(cluster: string, nodeId: number, leaving = false): Promise<boolean> {
    const headers: Record<string, string> = leaving ? { 'cflux-leaving': 'true' } : {};
    const answer = await this.#request('PUT', node(cluster, nodeId), { headers }, [404]);
    return answer.status === 200;
  }

  /** By a heartbeat, which is the way that a node has: it is alive afterwards. */
  async updateNode(cluster: string, nodeId: number, description: NodeDetails) {
    const body = JSON.stringify(description);
    const answer = await this.#request('PUT', node(cluster, nodeId), { body }, [404]);
    return answer.status === 404 ? 'unknown' : 'changed';
  }

  async removeNode(cluster: string, nodeId: number): Promise<boolean> {
    return (await this.#request('DELETE', node(cluster, nodeId), {}, [404])).status === 200;
  }

  async nodes(cluster: string): Promise<readonly NodeInfo[]> {
    const nodes = await json<NodeInfo[]>(await this.#request('GET', `/nodes/${encodeURIComponent(cluster)}`));
    // Without what a manager adds for people: the requests of this store are those of a node without a description.
    return nodes.map(({ id, ip, hostname, bindAddress, alive }) => ({
      id,
      ip,
      hostname,
      bindAddress,
      alive,
    }));
  }

  watch(): () => void {
    throw new Error('over HTTP changes are told by polls');
  }

  async #record(cluster: string, version: number): Promise<VersionRecord> {
    const record = (await this.history(cluster)).find((each) => each.version === version);
    if (record === undefined) throw new Error(`version ${version} is not in the history`);
    return record;
  }

  async #request(
    method: string,
    path: string,
    init: { headers?: Record<string, string>; body?: Buffer | string } = {},
    expected: readonly number[] = [],
  ): Promise<Response> {
    const headers = { ...init.headers, authorization: `Bearer ${token}` };
    const answer = await fetch(`${this.#server?.url}${path}`, { method, headers, body: init.body ?? null });
    if (answer.ok || expected.includes(answer.status)) return answer;
    const code = answer.status === 429 ? 'TOO_MANY_REQUESTS' : 'MANAGER_FAILED';
    throw new CfluxError(code, `${answer.status} ${await answer.text()}`);
  }
}

const json = async <T>(answer: Response): Promise<T> => (await answer.json()) as T;
const versions = (cluster: string) => `/clusters/${encodeURIComponent(cluster)}/versions`;
const node = (cluster: string, id: number) => `/nodes/${encodeURIComponent(cluster)}/${id}`;
