import type { IncomingMessage, ServerResponse } from 'node:http';
import { EventEmitter } from 'eventemitter3';
import { throwUncaught } from '../async/throw-uncaught.js';
import { checkListener } from '../check-arguments.js';
import { hashByDefault } from '../influxql/execute/prepare-statements.js';
import { claimedUser } from './claimed-user.js';
import { DatabaseArrival } from './database-arrival.js';
import { expectOpenServer } from './expect-open-server.js';
import { type GatewayOptions, type GatewaySettings, resolveGatewayOptions } from './gateway-options.js';
import { type Listener, listen } from './listener.js';
import { ServerIdentity, sendError } from './own-response.js';
import { type Passage, pass } from './proxy/pass.js';
import { type Framing, framingOf } from './proxy/request-framing.js';
import { Upstream } from './proxy/upstream.js';
import { QueryRoute } from './query-route.js';
import { databaseOf } from './request/database-of.js';
import { firstOf, type QueryRequest } from './request/query-request.js';
import { targetOf } from './request/target.js';
import { ClusterWriter } from './statements/cluster-writer.js';
import type { StatementRecord } from './statements/run-request.js';

/** What a gateway did with a request. */
export type RequestClass =
  /** Passed to the server. */
  | 'passed'
  /** Executed on the cluster, at least in part. */
  | 'executed'
  /** Refused by the gateway, or not executed because of an error in it. */
  | 'refused';

/** One statement for the cluster, as a gateway executed it. */
export interface GatewayStatement extends StatementRecord {
  /** The unverified user name in the request; absent if there is none. */
  readonly user?: string;
  /** Address of the client. */
  readonly address: string;
}

/** The events of a gateway with their payloads. */
export interface GatewayEvents {
  /** A statement for the cluster was executed, or failed. */
  statement: [GatewayStatement];
  /** The gateway has decided about a request; `added` are the milliseconds that it took itself. */
  request: [{ readonly class: RequestClass; readonly added: number }];
  /** The gateway waited for the manager or the server, to execute a statement. */
  wait: [{ readonly peer: 'manager' | 'server'; readonly milliseconds: number }];
}

const eventNames = Object.keys({
  statement: true,
  request: true,
  wait: true,
} satisfies Record<keyof GatewayEvents, true>);

/** An HTTP proxy before an InfluxDB server, which executes schema statements on the cluster. */
export interface Gateway {
  /** Base URL, for example `http://127.0.0.1:8086`. */
  readonly url: string;
  /** Calls `listener` at every event `name`. An exception of the listener is thrown in a separate task. */
  on<Name extends keyof GatewayEvents>(name: Name, listener: (...payload: GatewayEvents[Name]) => void): this;
  /** Unsubscribes `listener`. */
  off<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (...payload: GatewayEvents[Name]) => void,
  ): this;
  /**
   * Stops listening, and waits for the requests under way, at most 5 seconds. Does not close the client or the mirror. Idempotent.
   */
  close(): Promise<void>;
}

/** Milliseconds that `close` waits for the requests under way. */
const closeGrace = 5_000;

/**
 * Starts a gateway before the server of `mirror`: it passes all requests, except for statements that change the schema or the users.
 * Those it executes on the cluster of `client` and then on the server. Call it after `mirror.follow(client)`.
 *
 * @throws CfluxError `INVALID_OPTION` for an address or certificate that cannot be used; `UNAUTHORIZED` if the server requires
 *   authentication, which this gateway does not support
 * @example
 * ```ts
 * const gateway = await createGateway({ client, mirror, host: '127.0.0.1', port: 0 });
 * console.log(`InfluxDB clients connect to ${gateway.url}`);
 * await gateway.close();
 * ```
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const settings = resolveGatewayOptions(options);
  const gateway = new RunningGateway(settings);
  await gateway.open();
  return gateway;
}

class RunningGateway implements Gateway {
  readonly #settings: GatewaySettings;
  readonly #upstream: Upstream;
  readonly #server = new ServerIdentity();
  readonly #arrival: DatabaseArrival;
  readonly #queries: QueryRoute;
  readonly #emitter = new EventEmitter();
  #listener: Listener | undefined;
  #closed: Promise<void> | undefined;

  constructor(settings: GatewaySettings) {
    this.#settings = settings;
    const { client, mirror, limits } = settings;
    const { url, tls, connectTimeout, clock } = mirror.address;
    this.#upstream = new Upstream({ url, tls, connectTimeout, clock });
    this.#arrival = new DatabaseArrival({ client, mirror, clock });
    this.#queries = new QueryRoute({
      upstream: this.#upstream,
      writer: new ClusterWriter({ client, mirror, clock, limits }),
      server: this.#server,
      data: () => client.data(),
      isLocalSubscription: (name) => mirror.isLocalSubscription(name),
      hashPassword: settings.hashPassword ?? hashByDefault,
      now: () => clock.monotonic(),
      onStatement: (record, request, query) => this.#noteStatement(record, request, query),
      onUnreachable: () => mirror.doubt(),
    });
  }

  get url(): string {
    return this.#listener?.url ?? '';
  }

  async open(): Promise<void> {
    const { mirror, host, port, tls, warn, onLoad } = this.#settings;
    const { clock } = mirror.address;
    await expectOpenServer(this.#upstream, mirror.address);
    this.#listener = await listen({ host, port, tls, clock, warn, onLoad }, (request, response) =>
      this.#handle(request, response),
    );
  }

  on<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (...payload: GatewayEvents[Name]) => void,
  ): this {
    checkListener('on', eventNames, name, listener);
    this.#emitter.on(name, listener as () => void);
    return this;
  }

  off<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (...payload: GatewayEvents[Name]) => void,
  ): this {
    this.#emitter.off(name, listener as () => void);
    return this;
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#listener?.close(closeGrace);
      this.#upstream.close();
      this.#emitter.removeAllListeners();
    })();
    return this.#closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const begin = performance.now();
    const framing = framingOf(request);
    if (framing === undefined) {
      const text = 'unsupported transfer encoding';
      sendError(response, { status: 501, text, headers: { Connection: 'close' } }, this.#server);
      this.#note('refused', begin);
      return;
    }
    const { path, search } = targetOf(request.url ?? '/');
    const { method } = request;
    if (path === '/query' && (method === 'GET' || method === 'POST')) {
      await this.#handleQuery(request, response, { search, framing, begin });
      return;
    }
    if (isBucketChange(path, method)) {
      request.resume();
      sendError(response, { status: 405, text: noBuckets, headers: { Allow: 'GET' } }, this.#server);
      this.#note('refused', begin);
      return;
    }
    const database = databaseOf(path, search);
    if (this.#arrival.isMissing(database)) await this.#arrival.wait(database);
    this.#pass({ request, response, framing }, begin);
  }

  async #handleQuery(
    request: IncomingMessage,
    response: ServerResponse,
    {
      search,
      framing,
      begin,
    }: { readonly search: string; readonly framing: Framing; readonly begin: number },
  ): Promise<void> {
    let waited = 0;
    const onWait = (peer: 'manager' | 'server', milliseconds: number) => {
      waited += milliseconds;
      this.#emit('wait', { peer, milliseconds });
    };
    const decision = await this.#queries.handle(request, response, { search, framing, onWait });
    if (!decision.passes) {
      this.#note(decision.isExecuted ? 'executed' : 'refused', begin, waited);
      return;
    }
    const { read, values } = decision.query;
    const database = firstOf(values, 'db');
    if (this.#arrival.isMissing(database)) await this.#arrival.wait(database);
    this.#pass({ request, response, framing, ...(read === undefined ? {} : { read }) }, begin);
  }

  #pass(passage: Passage, begin: number): void {
    const { response } = passage;
    pass(this.#upstream, passage, {
      onResponse: ({ headers }) => this.#server.note(headers),
      onFailure: (error) => {
        this.#settings.mirror.doubt();
        const text = `InfluxDB at ${this.#settings.mirror.url} does not respond: ${error.message}`;
        sendError(response, { status: 503, text }, this.#server);
      },
    });
    this.#note('passed', begin);
  }

  #note(requestClass: RequestClass, begin: number, waited = 0): void {
    const added = Math.max(0, performance.now() - begin - waited);
    this.#emit('request', { class: requestClass, added });
  }

  #noteStatement(record: StatementRecord, request: IncomingMessage, query: QueryRequest): void {
    const user = claimedUser(request, query);
    const address = request.socket.remoteAddress ?? 'unknown';
    this.#emit('statement', { ...record, address, ...(user === undefined ? {} : { user }) });
  }

  #emit<Name extends keyof GatewayEvents>(name: Name, ...payload: GatewayEvents[Name]): void {
    try {
      this.#emitter.emit(name, ...payload);
    } catch (error) {
      throwUncaught(error);
    }
  }
}

/** Whether a request would create, change or drop a database or policy beside InfluxQL, as InfluxDB 1.10 and later can. */
const isBucketChange = (path: string, method = ''): boolean =>
  (path === '/api/v2/buckets' || path.startsWith('/api/v2/buckets/')) && !reading.has(method);

const reading: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

const noBuckets =
  'cannot change buckets through the gateway: they would exist on one server only; use CREATE, ALTER and DROP statements at /query';
