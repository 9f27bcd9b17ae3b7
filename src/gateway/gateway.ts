import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ListenerOptions } from '../async/subscriptions.js';
import { EventHub } from '../event-hub.js';
import { hashByDefault } from '../influxql/execute/prepare-statements.js';
import { BrowserRefusal } from './browser-refusal.js';
import { claimedUser } from './claimed-user.js';
import { type Access, AccessControl } from './credentials/access.js';
import { LoginJudge } from './credentials/login-judge.js';
import { Permissions } from './credentials/permissions.js';
import { ServerAuthentication } from './credentials/server-authentication.js';
import { ServerUsers } from './credentials/server-users.js';
import { DatabaseArrival } from './database-arrival.js';
import { type GatewayEvents, gatewayEventNames, type RequestClass } from './gateway-events.js';
import { type GatewayOptions, type GatewaySettings, resolveGatewayOptions } from './gateway-options.js';
import { type Listener, listen } from './listener.js';
import { ServerIdentity, sendError } from './own-response.js';
import { type Passage, pass } from './proxy/pass.js';
import { type Framing, framingOf } from './proxy/request-framing.js';
import { Upstream } from './proxy/upstream.js';
import { QueryRoute, type StatementOrigin } from './query-route.js';
import { placeIn, placeOf, type RequestPlace } from './request/database-of.js';
import { readFluxScript } from './request/flux-databases.js';
import { targetOf } from './request/target.js';
import { managerRefresh } from './shared-refresh.js';
import { ClusterWriter } from './statements/cluster-writer.js';
import type { StatementRecord } from './statements/run-request.js';

/** An HTTP proxy before an InfluxDB server, which executes schema statements on the cluster. */
export interface Gateway {
  /** Base URL, for example `http://127.0.0.1:8086`. */
  readonly url: string;
  /**
   * Calls `listener` at every event `name`. An exception of the listener is thrown in a separate task.
   *
   * @param options `signal` unsubscribes the listener when it aborts
   */
  on<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (...payload: GatewayEvents[Name]) => void,
    options?: ListenerOptions,
  ): this;
  /**
   * Calls `listener` at the next event `name`.
   *
   * @param options `signal` unsubscribes the listener when it aborts
   */
  once<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (...payload: GatewayEvents[Name]) => void,
    options?: ListenerOptions,
  ): this;
  /** Unsubscribes `listener`, or every listener of `name`. */
  off<Name extends keyof GatewayEvents>(
    name: Name,
    listener?: (...payload: GatewayEvents[Name]) => void,
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
 * If the server requires authentication, the users of the cluster are judged here, by their present passwords and privileges, and get to
 * the server when they log in.
 *
 * @throws CfluxError `INVALID_OPTION` for an address or certificate that cannot be used
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
  readonly #users: ServerUsers;
  readonly #authentication: ServerAuthentication;
  readonly #access: AccessControl;
  readonly #browsers: BrowserRefusal | undefined;
  readonly #queries: QueryRoute;
  readonly #events = new EventHub<GatewayEvents>(gatewayEventNames);
  /** Connections with a request whose end is not known: what follows may be a part of it. */
  readonly #unreadable = new WeakSet<Socket>();
  #listener: Listener | undefined;
  #closed: Promise<void> | undefined;

  constructor(settings: GatewaySettings) {
    this.#settings = settings;
    const { client, mirror, limits, nodes, jwtSecret, refuseBrowsers, hostNames } = settings;
    const { url, tls, connectTimeout, clock, username } = mirror.address;
    const onDisconnect = () => authentication.doubt();
    this.#upstream = new Upstream({ url, tls, connectTimeout, clock, onDisconnect });
    const authentication = new ServerAuthentication({
      upstream: this.#upstream,
      clock,
      onResponse: (headers) => this.#server.note(headers),
    });
    this.#authentication = authentication;
    const refresh = managerRefresh(client, clock);
    this.#arrival = new DatabaseArrival({ client, mirror, clock, refresh });
    this.#users = new ServerUsers({
      mirror,
      clock,
      patience: limits.all,
      onMade: (made) => this.#events.emit('user', made),
    });
    const serverVersion = () => this.#server.version ?? mirror.serverVersion;
    const data = () => client.data();
    const users = async () => (await data()).users;
    this.#access = new AccessControl({
      authentication,
      judge: new LoginJudge({ data, refresh, clock, jwtSecret, serverVersion }),
      users: this.#users,
      hasJoined: () => client.status.version > 0,
      isWithoutUsers: async () => (await users()).length === 0,
      serverVersion,
      serverUrl: url,
      onLogin: (login) => this.#events.emit('login', login),
    });
    this.#browsers = refuseBrowsers ? new BrowserRefusal(hostNames) : undefined;
    this.#queries = new QueryRoute({
      upstream: this.#upstream,
      writer: new ClusterWriter({ client, mirror, clock, limits, nodes }),
      server: this.#server,
      data,
      isLocalSubscription: (name) => mirror.isLocalSubscription(name),
      hashPassword: settings.hashPassword ?? hashByDefault,
      now: () => clock.monotonic(),
      permissions: new Permissions({
        access: this.#access,
        authentication,
        users,
        refresh,
        catchUp: () => mirror.catchUp(),
        isOnline: () => client.status.state === 'online',
        account: username,
      }),
      browserRefusal: (request) => this.#browsers?.of(request, authentication.known === 'off'),
      onStatement: (record, origin) => this.#noteStatement(record, origin),
      onUnreachable: () => this.#doubt(),
    });
  }

  get url(): string {
    return this.#listener?.url ?? '';
  }

  async open(): Promise<void> {
    const { mirror, host, port, tls, warn, onLoad } = this.#settings;
    const { clock } = mirror.address;
    await this.#authentication.mode();
    this.#listener = await listen({ host, port, tls, clock, warn, onLoad }, (request, response) =>
      this.#handle(request, response),
    );
    this.#browsers?.boundTo(this.#listener.address);
  }

  on<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (...payload: GatewayEvents[Name]) => void,
    options: ListenerOptions = {},
  ): this {
    this.#events.on(name, listener, options);
    return this;
  }

  once<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (...payload: GatewayEvents[Name]) => void,
    options: ListenerOptions = {},
  ): this {
    this.#events.once(name, listener, options);
    return this;
  }

  off<Name extends keyof GatewayEvents>(
    name: Name,
    listener?: (...payload: GatewayEvents[Name]) => void,
  ): this {
    this.#events.off(name, listener);
    return this;
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#listener?.close(closeGrace);
      this.#users.close();
      this.#upstream.close();
      this.#events.removeAll();
    })();
    return this.#closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const begin = performance.now();
    if (this.#unreadable.has(request.socket)) {
      response.destroy();
      return;
    }
    const framing = framingOf(request);
    if (framing === undefined) {
      this.#unreadable.add(request.socket);
      const text = 'unsupported transfer encoding';
      sendError(response, { status: 501, text, headers: { Connection: 'close' } }, this.#server);
      this.#note('refused', begin);
      return;
    }
    const { path, search } = targetOf(request.url ?? '/');
    const { method } = request;
    const access = this.#access.known ?? (await this.#access.of(request, path, search));
    if (access.kind === 'refused') {
      request.resume();
      sendError(response, access, this.#server);
      this.#note('refused', begin);
      return;
    }
    if (path === '/query' && (method === 'GET' || method === 'POST')) {
      await this.#handleQuery(request, response, { search, framing, access, begin });
      return;
    }
    if (isBucketChange(path, method)) {
      request.resume();
      sendError(response, { status: 405, text: noBuckets, headers: { Allow: 'GET' } }, this.#server);
      this.#note('refused', begin);
      return;
    }
    if (path === '/api/v2/query' && method === 'POST') {
      await this.#handleFlux({ request, response, framing }, access, begin);
      return;
    }
    await this.#arrive(placeOf(path, search), access);
    this.#pass({ request, response, framing }, access, begin);
  }

  /** The database of a Flux query is in its body. */
  async #handleFlux(passage: Passage, access: Access, begin: number): Promise<void> {
    const { request, response } = passage;
    if (request.headers.expect !== undefined) response.writeContinue();
    const { places, read } = await readFluxScript(request);
    for (const place of places) await this.#arrive(place, access);
    this.#pass({ ...passage, read }, access, begin);
  }

  async #handleQuery(
    request: IncomingMessage,
    response: ServerResponse,
    {
      search,
      framing,
      access,
      begin,
    }: {
      readonly search: string;
      readonly framing: Framing;
      readonly access: Access;
      readonly begin: number;
    },
  ): Promise<void> {
    let waited = 0;
    const onWait = (peer: 'manager' | 'server', milliseconds: number) => {
      waited += milliseconds;
      this.#events.emit('wait', { peer, milliseconds });
    };
    const decision = await this.#queries.handle(request, response, { search, framing, access, onWait });
    if (!decision.passes) {
      this.#note(decision.isExecuted ? 'executed' : 'refused', begin, waited);
      return;
    }
    const { read, values } = decision.query;
    await this.#arrive(placeIn(values), access);
    this.#pass({ request, response, framing, ...(read === undefined ? {} : { read }) }, access, begin);
  }

  /** Waits for a database that the server does not have yet; not for a client without access. */
  async #arrive(place: RequestPlace, { kind }: Access): Promise<void> {
    if (kind === 'open' || kind === 'user') await this.#arrival.ensure(place);
  }

  #pass(passage: Passage, access: Access, begin: number): void {
    const { response } = passage;
    const withoutCredentials = access.kind === 'stripped';
    pass(this.#upstream, withoutCredentials ? { ...passage, withoutCredentials } : passage, {
      onResponse: ({ headers }) => this.#server.note(headers),
      replaces: ({ statusCode }) => {
        if (statusCode !== 401 || access.kind !== 'user') return false;
        sendError(response, this.#access.refusedByServer(access.actor), this.#server);
        return true;
      },
      onFailure: (error) => {
        this.#doubt();
        const text = `InfluxDB at ${this.#settings.mirror.url} does not respond: ${error.message}`;
        sendError(response, { status: 503, text }, this.#server);
      },
    });
    this.#note('passed', begin);
  }

  #note(requestClass: RequestClass, begin: number, waited = 0): void {
    const added = Math.max(0, performance.now() - begin - waited);
    this.#events.emit('request', { class: requestClass, added });
  }

  /** The server may have been restarted. */
  #doubt(): void {
    this.#authentication.doubt();
    this.#settings.mirror.doubt();
  }

  #noteStatement(record: StatementRecord, { request, query, access }: StatementOrigin): void {
    const user = access.kind === 'user' ? access.actor.name : claimedUser(request, query);
    const address = request.socket.remoteAddress ?? 'unknown';
    this.#events.emit('statement', { ...record, address, ...(user === undefined ? {} : { user }) });
  }
}

/** Whether a request would create, change or drop a database or policy beside InfluxQL, as InfluxDB 1.10 and later can. */
const isBucketChange = (path: string, method = ''): boolean =>
  (path === '/api/v2/buckets' || path.startsWith('/api/v2/buckets/')) && !reading.has(method);

const reading: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

const noBuckets =
  'cannot change buckets through the gateway: they would exist on one server only; use CREATE, ALTER and DROP statements at /query';
