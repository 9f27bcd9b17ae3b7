import { withDeadline } from '../async/deadline.js';
import { sleep } from '../async/sleep.js';
import { waitForNodes } from '../client/follow/wait-for-nodes.js';
import { type Clock, systemClock } from '../clock.js';
import { CfluxError, type CfluxErrorCode, isCfluxError } from '../errors.js';
import { JsonObject } from '../json-object.js';
import type { DropOrder, DropsChange } from '../protocol/drop-orders.js';
import { isRetryable } from '../protocol/http-status.js';
import type { NodeInfo } from '../protocol/nodes.js';
import {
  type ListedCluster,
  type ListedManager,
  type ListedNode,
  type ListedVersion,
  readClusters,
  readEverything,
  readHistory,
} from '../protocol/operator-responses.js';
import { problemType } from '../protocol/problem.js';
import { paths } from '../protocol/routes.js';
import { noVersion } from '../protocol/version.js';
import type { WaitForNodesResult } from '../protocol/waiting-for-nodes.js';
import { randomUuid, systemRandom } from '../random.js';
import { HttpAttempts } from '../transport/http-attempts.js';
import type { HttpRequest } from '../transport/http-exchange.js';
import type { HttpTransportOptions } from '../transport/http-options.js';
import { expectStatus, type HttpResponse, textOf } from '../transport/http-response.js';
import type { Snapshot, Transport } from '../transport/transport.js';
import { withRetry } from '../transport/with-retry.js';

const maxBytes = 256 * 2 ** 20;

/** Milliseconds that one request may take. */
const maxCall = 20_000;

/** Milliseconds between two attempts. */
const betweenAttempts = 100;

export interface ManagerApiOptions extends Omit<HttpTransportOptions, 'retry'> {
  /** Called with the reason when a request fails at one endpoint and is sent to the next. */
  readonly onFailover?: (error: CfluxError, next: string) => void;
}

interface PushOptions {
  readonly drops?: DropsChange | undefined;
  /** Called if the manager is older, and ignored `drops`. */
  readonly onIgnored?: () => void;
}

/** Why the manager at an endpoint is not ready. */
export interface Trouble {
  readonly endpoint: string;
  readonly reason: string;
}

type Request = Omit<HttpRequest, 'maxBytes' | 'signal'>;

/**
 * Requests of operators to a manager over HTTP. Each method resolves with a manager's response, or rejects if something else responded.
 * A request that fails at one endpoint is sent to the next: each is tried once, a single one twice.
 */
export class ManagerApi {
  readonly #requests: HttpAttempts;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #onFailover: (error: CfluxError, next: string) => void;
  readonly #attempts: number;
  /** Identifies this command to the manager (R26). */
  readonly #requester = randomUuid(systemRandom);

  constructor({ onFailover = () => {}, ...options }: ManagerApiOptions) {
    this.#requests = new HttpAttempts(options);
    this.#clock = options.clock ?? systemClock;
    this.#onFailover = onFailover;
    // An operator is waiting at the terminal, so make only two attempts.
    this.#attempts = Math.max(2, this.#requests.endpoints);
    this.#transport = withRetry(this.#requests, {
      clock: this.#clock,
      attempts: this.#attempts,
      minDelay: betweenAttempts,
      factor: 1,
      onRetry: ({ error }) => this.#notify(error),
    });
  }

  /** The endpoint of the next request. */
  get endpoint(): string {
    return this.#requests.endpoint;
  }

  /** Returns why no manager is ready, and the manager with that reason; `undefined` if one is ready. */
  async trouble(): Promise<Trouble | undefined> {
    let trouble: Trouble | undefined;
    try {
      await this.#send({ method: 'GET', path: '/ready' }, (answer) => {
        if (answer.status !== 503) return this.#expect(answer);
        const { endpoint } = answer;
        trouble = { endpoint, reason: textOf(answer).trim() };
        throw new CfluxError('UNAVAILABLE', `not ready: ${trouble.reason}`, { retryable: true });
      });
      return undefined;
    } catch (error) {
      if (trouble === undefined) throw error;
      return trouble;
    }
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

  /** Waits until all nodes that count have a version. @throws `TIMEOUT` that names the nodes behind */
  waitForNodes(cluster: string, version: number, timeout: number): Promise<WaitForNodesResult> {
    const parts = { transport: this.#transport, clock: this.#clock, random: systemRandom };
    return waitForNodes(parts, { cluster, version, timeout });
  }

  /** Returns the kept versions, newest first. @throws `CLUSTER_NOT_FOUND` if there is none. */
  async history(cluster: string): Promise<readonly ListedVersion[]> {
    const history = await this.#json({ method: 'GET', path: paths.history(cluster) }, readHistory);
    if (history.length === 0) throw noData(cluster);
    return history;
  }

  /** Returns the bytes of a kept version. */
  version(cluster: string, version: number): Promise<Uint8Array> {
    const path = paths.keptVersion(cluster, version);
    return this.#send({ method: 'GET', path }, (answer) => this.#expect(answer).body);
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
  async push(
    cluster: string,
    base: Snapshot | undefined,
    snapshot: Uint8Array,
    { drops, onIgnored = () => {} }: PushOptions = {},
  ): Promise<number> {
    const result = await this.#transport.push({
      cluster,
      version: base?.version ?? noVersion,
      epoch: base?.epoch,
      snapshot,
      mutation: randomUuid(systemRandom),
      drops,
      requester: this.#requester,
    });
    if (result.kind === 'committed') {
      if (drops !== undefined && !result.hasDrops) onIgnored();
      return result.version;
    }
    throw new CfluxError(
      'CONFLICT_TIMEOUT',
      'conflict: the cluster changed concurrently; nothing was stored; check it and retry',
    );
  }

  /** Returns the drop orders of versions above `since`; none if the manager is older. */
  async dropOrders(cluster: string, since: number): Promise<readonly DropOrder[]> {
    try {
      const answer = await this.#transport.dropOrders?.({ cluster, since });
      return answer?.kind === 'dropOrders' ? answer.orders : [];
    } catch (error) {
      if (isCfluxError(error, 'NO_SUCH_ROUTE')) return [];
      throw error;
    }
  }

  removeNode(cluster: string, nodeId: number): Promise<void> {
    return this.#delete(paths.node(cluster, nodeId), 'NODE_NOT_FOUND');
  }

  deleteCluster(cluster: string): Promise<void> {
    return this.#delete(paths.cluster(cluster), 'CLUSTER_NOT_FOUND');
  }

  async close(): Promise<void> {
    await this.#transport.close?.();
  }

  #json<T>(request: Request, read: (json: string, endpoint: string) => T): Promise<T> {
    return this.#send(request, (answer) => read(textOf(this.#expect(answer)), answer.endpoint));
  }

  /** Deletes what `path` names. After a lost response, `missing` means that the first attempt deleted it. */
  async #delete(path: string, missing: CfluxErrorCode): Promise<void> {
    let isLost = false;
    const onFailed = (error: CfluxError) => {
      isLost ||= error.outcome !== 'notApplied';
    };
    try {
      await this.#send({ method: 'DELETE', path }, (answer) => this.#expect(answer), onFailed);
    } catch (error) {
      if (!isLost || !isCfluxError(error, missing)) throw error;
    }
  }

  #expect(answer: HttpResponse): HttpResponse {
    const problem = problemOf(answer);
    if (problem !== undefined) throw problem;
    return expectStatus(answer, this.#clock.now(), 200);
  }

  /** What `read` makes of the response of the first endpoint that has one. */
  async #send<T>(
    request: Request,
    read: (answer: HttpResponse) => T,
    onFailed: (error: CfluxError) => void = () => {},
  ): Promise<T> {
    for (let number = 1; ; number++) {
      try {
        return await this.#sendOnce(request, read);
      } catch (error) {
        if (number >= this.#attempts || !isCfluxError(error) || !error.retryable) throw error;
        onFailed(error);
        this.#notify(error);
        await sleep(this.#clock, betweenAttempts);
      }
    }
  }

  #sendOnce<T>(request: Request, read: (answer: HttpResponse) => T): Promise<T> {
    const headers = { accept: `${problemType}, */*` };
    const timeout = maxCall / this.#requests.endpoints;
    const { endpoint } = this;
    const timeoutError = () =>
      new CfluxError('TIMEOUT', `no response from ${endpoint} within ${timeout} ms`, { retryable: true });
    return withDeadline({ clock: this.#clock, signals: [], timeout, timeoutError }, (signal) =>
      this.#requests.send({ headers, ...request, signal, maxBytes }, read),
    );
  }

  #notify(error: CfluxError): void {
    if (this.#requests.endpoints > 1) this.#onFailover(error, this.endpoint);
  }
}

/** Returns the error in a manager's response, with its code. */
function problemOf({ status, headers, body }: HttpResponse): CfluxError | undefined {
  if (!headers.get('content-type')?.startsWith(problemType)) return undefined;
  try {
    const problem = JsonObject.parse(body);
    const code = problem.text('code') as CfluxErrorCode;
    return new CfluxError(code, problem.text('detail').slice(0, 500), {
      status,
      retryable: isRetryable(status),
    });
  } catch {
    return undefined;
  }
}

export const noData = (cluster: string) =>
  new CfluxError('CLUSTER_NOT_FOUND', `the manager has no metadata of cluster ${JSON.stringify(cluster)}`);
