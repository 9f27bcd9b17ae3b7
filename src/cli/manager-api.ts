import { systemClock } from '../clock.js';
import { CfluxError, type CfluxErrorCode } from '../errors.js';
import { JsonObject } from '../json-object.js';
import type { VersionRecord } from '../manager/index.js';
import type { NodeInfo } from '../protocol/nodes.js';
import { problemType } from '../protocol/problem.js';
import { paths } from '../protocol/routes.js';
import { noVersion } from '../protocol/version.js';
import { randomUuid, systemRandom } from '../random.js';
import { expectStatus, type HttpAnswer, textOf } from '../transport/http-answer.js';
import { HttpExchange, type HttpRequest } from '../transport/http-exchange.js';
import type { HttpTransportOptions } from '../transport/http-options.js';
import { HttpTransport } from '../transport/http-transport.js';
import type { Snapshot } from '../transport/transport.js';
import {
  type ListedCluster,
  type ListedManager,
  type ListedNode,
  readClusters,
  readEverything,
  readHistory,
} from './manager-answers.js';

const maxBytes = 256 * 2 ** 20;
const maxCall = 20_000;

/** Requests of operators to a manager over HTTP. Each method resolves with a manager's response, or rejects if something else responded. */
export class ManagerApi {
  readonly #exchange: HttpExchange;
  readonly #transport: HttpTransport;

  constructor(options: HttpTransportOptions) {
    // An operator is waiting at the terminal, so make only two attempts.
    const patience = { ...options, retry: { attempts: 2 } };
    this.#exchange = new HttpExchange(patience);
    this.#transport = new HttpTransport(patience);
  }

  get endpoint(): string {
    return this.#exchange.endpoint;
  }

  /** Returns why the manager is not ready; `undefined` if it is ready. */
  async trouble(): Promise<string | undefined> {
    const answer = await this.#send({ method: 'GET', path: '/ready' });
    return answer.status === 200 ? undefined : textOf(answer).trim();
  }

  clusters(): Promise<readonly ListedCluster[]> {
    return this.#json({ method: 'GET', path: paths.clusters() }, readClusters);
  }

  async everything(): Promise<{
    readonly cflux: readonly ListedManager[];
    readonly influx: readonly ListedNode[];
  }> {
    return this.#json({ method: 'GET', path: paths.allNodes() }, readEverything);
  }

  nodes(cluster: string): Promise<readonly NodeInfo[]> {
    return this.#transport.nodes({ cluster });
  }

  /** Returns the kept versions, newest first. @throws `CLUSTER_NOT_FOUND` if there is none. */
  async history(cluster: string): Promise<readonly VersionRecord[]> {
    const history = await this.#json({ method: 'GET', path: paths.history(cluster) }, readHistory);
    if (history.length === 0) throw noData(cluster);
    return history;
  }

  /** Returns the bytes of a kept version. */
  async version(cluster: string, version: number): Promise<Uint8Array> {
    const answer = await this.#expect({ method: 'GET', path: paths.keptVersion(cluster, version) });
    return answer.body;
  }

  /** Returns the newest version; `undefined` if the cluster has no data. */
  async newest(cluster: string): Promise<Snapshot | undefined> {
    const answer = await this.#transport.poll({ cluster, version: noVersion, wait: 0 });
    return answer.kind === 'snapshot' ? answer : undefined;
  }

  /**
   * Pushes a snapshot as the next version after `base`. Resolves with its version.
   *
   * @throws `CONFLICT_TIMEOUT` if the cluster changed concurrently; nothing was stored.
   */
  async push(cluster: string, base: Snapshot | undefined, snapshot: Uint8Array): Promise<number> {
    const result = await this.#transport.push({
      cluster,
      version: base?.version ?? noVersion,
      epoch: base?.epoch,
      snapshot,
      mutation: randomUuid(systemRandom),
    });
    if (result.kind === 'committed') return result.version;
    throw new CfluxError(
      'CONFLICT_TIMEOUT',
      'conflict: the cluster changed concurrently; nothing was stored; check it and retry',
    );
  }

  async removeNode(cluster: string, nodeId: number): Promise<void> {
    await this.#expect({ method: 'DELETE', path: paths.node(cluster, nodeId) });
  }

  async deleteCluster(cluster: string): Promise<void> {
    await this.#expect({ method: 'DELETE', path: paths.cluster(cluster) });
  }

  async close(): Promise<void> {
    await Promise.all([this.#exchange.close(), this.#transport.close()]);
  }

  async #json<T>(
    request: Omit<HttpRequest, 'maxBytes'>,
    read: (json: string, endpoint: string) => T,
  ): Promise<T> {
    return read(textOf(await this.#expect(request)), this.endpoint);
  }

  async #expect(request: Omit<HttpRequest, 'maxBytes'>): Promise<HttpAnswer> {
    const answer = await this.#send(request);
    const problem = problemOf(answer);
    if (problem !== undefined) throw problem;
    return expectStatus(answer, systemClock.now(), 200);
  }

  #send(request: Omit<HttpRequest, 'maxBytes'>): Promise<HttpAnswer> {
    const headers = { accept: `${problemType}, */*` };
    const signal = AbortSignal.timeout(maxCall);
    return this.#exchange.send({ headers, signal, ...request, maxBytes });
  }
}

/** Returns the error in a manager's response, with its code. */
function problemOf({ status, headers, body }: HttpAnswer): CfluxError | undefined {
  if (!headers.get('content-type')?.startsWith(problemType)) return undefined;
  try {
    const problem = JsonObject.parse(body);
    const code = problem.text('code') as CfluxErrorCode;
    return new CfluxError(code, problem.text('detail').slice(0, 500), { status });
  } catch {
    return undefined;
  }
}

export const noData = (cluster: string) =>
  new CfluxError('CLUSTER_NOT_FOUND', `the manager has no metadata of cluster ${JSON.stringify(cluster)}`);
