import type { IncomingMessage, ServerResponse } from 'node:http';
import { CfluxError } from '../../errors.js';
import { matchesDigest } from '../../protocol/content-digest.js';
import { headers } from '../../protocol/headers.js';
import { parseRoute } from '../../protocol/parse-route.js';
import { listedNode, parseRegistration, registrationAnswer } from '../../protocol/registration.js';
import type { Route } from '../../protocol/routes.js';
import { noVersion, parseVersion } from '../../protocol/version.js';
import { randomUuid } from '../../random.js';
import type { PollResult, PushRequest, PushResult } from '../../transport/transport.js';
import type { Asker } from '../cluster.js';
import type { Manager } from '../manager.js';
import { answerEmpty, answerError, answerJson, answerSnapshot, type Standing } from './answer.js';
import { hasBody, readBody } from './request-body.js';
import { SnapshotEncodings } from './snapshot-encodings.js';

/** One request and its answer, on the way. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly asker: Asker;
  /** The client went away, or the server closes. */
  readonly signal: AbortSignal;
}

type RouteOf<Name extends Route['name']> = Extract<Route, { name: Name }>;

const longestRegistration = 64 * 1024;

const badRequest = (message: string) => new CfluxError('BAD_REQUEST', message, { outcome: 'none' });

/** Speaks the protocol for a manager: one method a route. */
export class RequestHandler {
  readonly #manager: Manager;
  readonly #encodings = new SnapshotEncodings();

  constructor(manager: Manager) {
    this.#manager = manager;
  }

  /** Answers a request, whatever it is; never rejects. */
  async handle(exchange: Exchange, route: Route | undefined): Promise<void> {
    try {
      if (route === undefined) throw noSuchRoute(exchange.request);
      await this.#dispatch(exchange, route);
    } catch (error) {
      await this.#fail(exchange, route, error);
    }
  }

  #dispatch(exchange: Exchange, route: Route): Promise<void> {
    switch (route.name) {
      case 'heartbeat':
        return this.#heartbeat(exchange, route);
      case 'poll':
        return this.#poll(exchange, route);
      case 'push':
        return this.#push(exchange, route);
      case 'register':
        return this.#register(exchange, route);
      case 'deregister':
        return this.#deregister(exchange, route);
      case 'listAll':
        return this.#listAll(exchange);
      case 'listNodes':
        return this.#listNodes(exchange, route);
      case 'listClusters':
        return this.#listClusters(exchange);
      case 'history':
        return this.#history(exchange, route);
      case 'readVersion':
        return this.#readVersion(exchange, route);
      case 'deleteCluster':
        return this.#deleteCluster(exchange, route);
    }
  }

  async #register({ request, response, asker }: Exchange, { cluster }: RouteOf<'register'>): Promise<void> {
    const body = await readBody(request, longestRegistration);
    const registered = await this.#manager.register(cluster, parseRegistration(body.toString()), asker);
    answerJson(response, registrationAnswer(registered, registered.node));
  }

  async #heartbeat({ request, response }: Exchange, route: RouteOf<'heartbeat'>): Promise<void> {
    if (hasBody(request)) await readBody(request, longestRegistration);
    const leaving = request.headers['cflux-leaving'] === 'true';
    await this.#manager.heartbeat(route.cluster, route.nodeId, { leaving });
    answerEmpty(response, 200);
  }

  async #deregister({ request, response, asker }: Exchange, route: RouteOf<'deregister'>): Promise<void> {
    if (hasBody(request)) await readBody(request, longestRegistration);
    await this.#manager.deregister(route.cluster, route.nodeId, asker);
    answerEmpty(response, 200);
  }

  async #listAll({ response }: Exchange): Promise<void> {
    const managers = await this.#manager.managers();
    const influx = [];
    for (const { cluster } of await this.#manager.clusters()) {
      for (const node of await this.#manager.nodes(cluster)) influx.push({ cluster, ...listedNode(node) });
    }
    const cflux = managers.map((manager) => ({ ...manager, 'bind-address': manager.bindAddress }));
    answerJson(response, JSON.stringify({ cflux, influx }));
  }

  async #listNodes({ response }: Exchange, { cluster }: RouteOf<'listNodes'>): Promise<void> {
    const nodes = await this.#manager.nodes(cluster);
    answerJson(response, JSON.stringify(nodes.map(listedNode)));
  }

  async #push({ request, response, asker, signal }: Exchange, route: RouteOf<'push'>): Promise<void> {
    const snapshot = await readBody(request, this.#manager.limits.snapshotBytes);
    checkDigest(request, snapshot);
    const result = await this.#manager.push(
      {
        cluster: route.cluster,
        version: route.version,
        snapshot,
        // A client of 2016 sends none; the version gets an identity all the same.
        mutation: header(request, headers.mutation) ?? randomUuid(this.#manager.random),
        epoch: header(request, headers.epoch),
        nodeId: nodeIdOf(request),
        offer: offerOf(request),
      },
      { asker, signal },
    );
    await this.#answerPush(request, response, result);
  }

  async #answerPush(request: IncomingMessage, response: ServerResponse, result: PushResult): Promise<void> {
    switch (result.kind) {
      case 'committed':
        return answerEmpty(response, 200, result);
      case 'foreignEpoch':
        return answerError(request, response, foreignEpoch(), result);
      case 'conflict':
        return answerSnapshot(request, response, 409, result, this.#encodings.of(result.snapshot));
    }
  }

  async #poll({ request, response, asker, signal }: Exchange, route: RouteOf<'poll'>): Promise<void> {
    const result = await this.#manager.poll(
      {
        cluster: route.cluster,
        version: route.version,
        wait: waitOf(request),
        epoch: header(request, headers.epoch),
        mutation: header(request, headers.mutation),
        nodeId: nodeIdOf(request),
      },
      { asker, signal },
    );
    await this.#answerPoll(request, response, result);
  }

  async #answerPoll(request: IncomingMessage, response: ServerResponse, result: PollResult): Promise<void> {
    switch (result.kind) {
      case 'unchanged':
        return answerEmpty(response, 204, result);
      case 'foreignEpoch':
        return answerError(request, response, foreignEpoch(), result);
      case 'snapshot':
        return answerSnapshot(request, response, 200, result, this.#encodings.of(result.snapshot));
    }
  }

  async #listClusters({ response }: Exchange): Promise<void> {
    const clusters = [];
    for (const { cluster, epoch, latest } of await this.#manager.clusters()) {
      const nodes = await this.#manager.nodes(cluster);
      const alive = nodes.filter((node) => node.alive).length;
      clusters.push({ cluster, epoch, ...latest, nodes: nodes.length, alive });
    }
    answerJson(response, JSON.stringify(clusters));
  }

  async #history({ response }: Exchange, { cluster }: RouteOf<'history'>): Promise<void> {
    answerJson(response, JSON.stringify(await this.#manager.history(cluster)));
  }

  async #readVersion({ request, response }: Exchange, route: RouteOf<'readVersion'>): Promise<void> {
    const snapshot = await this.#manager.version(route.cluster, route.version);
    await answerSnapshot(request, response, 200, { version: route.version }, this.#encodings.of(snapshot));
  }

  async #deleteCluster({ response, asker }: Exchange, { cluster }: RouteOf<'deleteCluster'>): Promise<void> {
    await this.#manager.deleteCluster(cluster, asker);
    answerEmpty(response, 200);
  }

  async #fail({ request, response }: Exchange, route: Route | undefined, error: unknown): Promise<void> {
    if (response.destroyed) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const standing = route === undefined ? {} : await this.#standing(route);
    answerError(request, response, error, standing);
  }

  /** Every answer about a cluster's versions carries its epoch, a refusal too, if the store can tell. */
  async #standing(route: Route): Promise<Standing> {
    if (route.name !== 'push' && route.name !== 'poll') return {};
    try {
      return { epoch: await this.#manager.epoch(route.cluster) };
    } catch {
      return {};
    }
  }
}

/** The route of a request. @throws `BAD_REQUEST`: its names can not be decoded. */
export function routeOf(request: IncomingMessage): Route | undefined {
  try {
    return parseRoute(request.method ?? '', request.url ?? '');
  } catch (cause) {
    throw new CfluxError('BAD_REQUEST', 'the path is not percent-encoded UTF-8', { cause, outcome: 'none' });
  }
}

const noSuchRoute = ({ method, url }: IncomingMessage) =>
  new CfluxError('NO_SUCH_ROUTE', `no such route: ${method} ${url?.slice(0, 200)}`, { outcome: 'none' });

const foreignEpoch = () =>
  new CfluxError('FOREIGN_EPOCH', 'this manager has another history of the cluster: see Cflux-Epoch', {
    outcome: 'none',
  });

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name.toLowerCase()];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function nodeIdOf(request: IncomingMessage): number | undefined {
  const value = header(request, headers.node);
  if (value === undefined) return undefined;
  const id = parseVersion(value);
  if (id === undefined) throw badRequest(`${headers.node} must be a node id`);
  return id;
}

function offerOf(request: IncomingMessage): PushRequest['offer'] {
  const value = header(request, headers.offer);
  if (value === undefined) return undefined;
  const slash = value.lastIndexOf('/');
  const version = parseVersion(value.slice(slash + 1));
  if (slash < 1 || version === undefined || version === noVersion) {
    throw badRequest(`${headers.offer} must be <epoch>/<version>`);
  }
  return { epoch: value.slice(0, slash), version };
}

/** Milliseconds that a poll wants to be held (RFC 7240); absent: as long as we like. */
function waitOf(request: IncomingMessage): number | undefined {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?([0-9]{1,9})/i.exec(header(request, headers.prefer) ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

function checkDigest(request: IncomingMessage, snapshot: Uint8Array): void {
  const digest = header(request, headers.contentDigest) ?? header(request, 'Digest');
  if (digest !== undefined && matchesDigest(digest, snapshot) === false) {
    throw badRequest('the snapshot does not match its digest: it was damaged on the way');
  }
}
