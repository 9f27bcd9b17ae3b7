import { withTimeout } from '../../async/deadline.js';
import { Mutex } from '../../async/mutex.js';
import type { Clock } from '../../clock.js';
import { CfluxError, isCfluxError } from '../../errors.js';
import type { AcceptedChange } from '../../influxdb/converge/accepted-change.js';
import type { UserLogin } from '../../influxdb/converge/user-maker.js';
import type { QueryPlace } from '../../influxql/continuous-query-text.js';
import type { OrderDrop } from '../../influxql/execute/context.js';
import { executeChange } from '../../influxql/execute/execute-change.js';
import type { MutationTarget, PreparedStatement } from '../../influxql/execute/run-statements.js';
import type { ClusterStatement } from '../../influxql/statement.js';
import type { MetaClient } from '../../meta/meta-client.js';
import type { MetaData } from '../../meta/records.js';
import { type Authority, expectPermitted, type Refusal, refusalFor } from '../credentials/authority.js';
import { acceptedChange, type OrderOfStatement } from './accepted-change.js';
import { isAbsent, isAbsentIn } from './is-absent.js';
import { type NodesWaiter, waitForAll } from './wait-for-all.js';
import { notHere, type Progress, textOf, textWhenLate, tooLate, undecided } from './write-failures.js';

/** The drop order that a change made. */
export interface MadeOrder {
  readonly version: number;
  readonly mutation: string;
}

/** The part of a CfluxClient that changes the cluster. */
export interface ClusterTarget {
  readonly status: { readonly version: number };
  mutate<T>(
    operation: (meta: MetaClient, tools?: MutationTarget) => T | Promise<T>,
    options: { readonly timeout: number; readonly onDropOrders?: (order: MadeOrder) => void },
  ): Promise<T>;
}

/** The part of an InfluxMirror that makes a change on its server at once. */
export interface ChangedServer {
  carryOut(change: AcceptedChange): Promise<string | undefined>;
  apart<T>(
    isOfCluster: (data: MetaData) => Promise<boolean>,
    work: () => Promise<T>,
  ): Promise<{ readonly result: T } | undefined>;
  found(login: UserLogin): Promise<void>;
}

/** Limits in milliseconds. */
export interface WriterLimits {
  /** For the manager. Default: 3,000. */
  readonly manager: number;
  /** For the manager and the server, from the beginning of the statement. Default: 4,500. */
  readonly all: number;
}

export interface ClusterWriterParts {
  readonly client: ClusterTarget;
  readonly mirror: ChangedServer;
  readonly clock: Clock;
  readonly limits: WriterLimits;
  /** Waits for all nodes after each statement. Absent: a statement is done when this server has the change. */
  readonly nodes?: NodesWaiter | undefined;
}

/** Called with the milliseconds that a statement waited for a peer. */
export type OnWait = (peer: 'manager' | 'server', milliseconds: number) => void;

/** What became of a statement. */
export type WriteOutcome =
  | {
      readonly state: 'done';
      readonly version: number;
      readonly storedText?: string | undefined;
      /** Which nodes do not have the change yet. */
      readonly warning?: string | undefined;
    }
  /** The cluster does not have what the statement drops. */
  | { readonly state: 'absent' }
  /** The user may not execute the statement, or does not exist any more. */
  | ({ readonly state: 'refused' } & Refusal)
  /** `isOwn`: the text is the gateway's, not InfluxDB's, and must reach the client. */
  | { readonly state: 'failed'; readonly text: string; readonly isOwn: boolean; readonly version?: number };

/** A change that the manager accepted. */
interface Accepted {
  readonly storedText: string | undefined;
  readonly order: MadeOrder | undefined;
}

/** Returned by an operation instead of its result. */
const absent = Symbol('absent');

/**
 * Executes one statement at a time on the cluster, and then on the gateway's own server: success means that both have it (R31). One at a
 * time, so that the version of a statement is directly above what the server has.
 */
export class ClusterWriter {
  readonly #parts: ClusterWriterParts;
  readonly #turns = new Mutex();

  constructor(parts: ClusterWriterParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async write(
    prepared: PreparedStatement & { readonly statement: ClusterStatement },
    { place, authority, onWait }: WriteContext,
  ): Promise<WriteOutcome> {
    const { clock, limits, nodes } = this.#parts;
    if (authority.obstacle !== undefined) return failed(authority.obstacle);
    const begin = clock.monotonic();
    let isLate = false;
    let progress: Progress = 'waiting';
    const task = this.#turns.run(async () => {
      if (isLate) return failed(tooLate);
      const onProgress = (next: Progress) => {
        progress = next;
      };
      return this.#execute(prepared, { place, authority, begin, onProgress, onWait });
    });
    const timeoutError = () => {
      isLate = true;
      return new CfluxError('TIMEOUT', textWhenLate(progress, limits.all));
    };
    let outcome: WriteOutcome;
    try {
      outcome = await withTimeout({ clock, timeout: limits.all, timeoutError }, task);
    } catch (error) {
      return failed(CfluxError.from(error).message);
    }
    if (outcome.state !== 'done' || nodes === undefined) return outcome;
    // Outside the turn, so that other statements go on.
    const timeout = limits.all - (clock.monotonic() - begin);
    return { ...outcome, warning: await waitForAll(nodes, outcome.version, { clock, timeout }) };
  }

  /**
   * Does `work`, which drops on this server what the cluster does not have, between two changes of its mirror. Resolves with `undefined` if
   * the cluster has it by now.
   */
  async apart<T>(statement: ClusterStatement, work: () => Promise<T>): Promise<T | undefined> {
    const { mirror, clock, limits } = this.#parts;
    const isOfCluster = async (data: MetaData) => !(await isAbsentIn(data, statement));
    const begun = await mirror.apart(isOfCluster, async () => {
      const running = work();
      // A server that does not respond must not hold up the mirror; the client waits, as it would without a gateway.
      await withTimeout({ clock, timeout: limits.all }, running).catch(() => {});
      return { running };
    });
    return begun?.result.running;
  }

  async #execute(
    prepared: PreparedStatement & { readonly statement: ClusterStatement },
    { place, authority, begin, onProgress, onWait }: WriteContext & Watch,
  ): Promise<WriteOutcome> {
    const { client, clock, limits } = this.#parts;
    const started = clock.monotonic();
    const timeout = Math.min(limits.manager, limits.all - (started - begin));
    onProgress('deciding');
    const accepted = await this.#commit(prepared, { place, authority, timeout });
    onWait('manager', clock.monotonic() - started);
    if ('state' in accepted) return accepted;
    const { order } = accepted;
    const version = order?.version ?? client.status.version;
    onProgress('made');
    const before = clock.monotonic();
    try {
      const made = order && { ...order, at: clock.now() };
      const reason = await this.#bringToServer(prepared, { version, order: made }, authority);
      if (reason !== undefined) return { ...failed(notHere(reason)), version };
      return { state: 'done', version, storedText: accepted.storedText };
    } catch (error) {
      return { ...failed(notHere(CfluxError.from(error).message)), version };
    } finally {
      onWait('server', clock.monotonic() - before);
    }
  }

  /** Resolves with the reason if the server does not have the change. */
  async #bringToServer(
    { statement, password }: PreparedStatement & { readonly statement: ClusterStatement },
    { version, order }: { readonly version: number; readonly order: OrderOfStatement | undefined },
    { actor, isFounder = false }: Authority,
  ): Promise<string | undefined> {
    const { mirror } = this.#parts;
    if (isFounder && statement.kind === 'createUser') {
      await mirror.found({
        name: statement.name,
        hash: password?.hash ?? '',
        password: statement.password,
      });
      return undefined;
    }
    const reason = await mirror.carryOut(acceptedChange(statement, version, order));
    // Such a user gets its privileges together with its password, at its first login here.
    const comesLater = actor !== undefined && reason === 'user not found' && ofUser.has(statement.kind);
    return comesLater ? undefined : reason;
  }

  async #commit(
    { statement, password }: PreparedStatement & { readonly statement: ClusterStatement },
    { place, authority, timeout }: Omit<WriteContext, 'onWait'> & { readonly timeout: number },
  ): Promise<WriteOutcome | Accepted> {
    const { client, clock } = this.#parts;
    let refusal: unknown;
    let order: MadeOrder | undefined;
    const operation = async (meta: MetaClient, { orderDrop }: Partial<MutationTarget> = {}) => {
      refusal = undefined;
      try {
        await expectPermitted(meta, statement, authority);
        if (await isAbsent(meta, statement)) return absent;
        return await executeChange(meta, statement, {
          ...place,
          password,
          orderDrop: orderDrop && inNameOf(authority.actor, orderDrop),
        });
      } catch (error) {
        refusal = error;
        throw error;
      }
    };
    try {
      // A request that is on the wire has no deadline of its own.
      const onDropOrders = (made: MadeOrder) => {
        order = made;
      };
      const change = client.mutate(operation, { timeout, onDropOrders });
      const result = await withTimeout({ clock, timeout: timeout + grace, timeoutError: undecided }, change);
      return result === absent ? { state: 'absent' } : { storedText: result, order };
    } catch (error) {
      if (error === refusal && isCfluxError(error)) return outcomeOf(error);
      return failed(textOf(CfluxError.from(error)));
    }
  }
}

/** Milliseconds in which a client rejects by itself a change that was not sent. */
const grace = 50;

/** The circumstances of a statement. */
export interface WriteContext {
  /** The parameters `db` and `rp` of the request. */
  readonly place: QueryPlace;
  readonly authority: Authority;
  readonly onWait: OnWait;
}

interface Watch {
  /** When the statement began, by the monotonic clock. */
  readonly begin: number;
  readonly onProgress: (progress: Progress) => void;
}

/** A drop order names the user that logged in. */
const inNameOf = (actor: Authority['actor'], orderDrop: OrderDrop): OrderDrop =>
  actor === undefined ? orderDrop : (item) => orderDrop(item, { author: actor.name });

/** Statements about a user that a server may lack until the user logs in. */
const ofUser: ReadonlySet<string> = new Set(['grant', 'revoke', 'grantAdmin', 'revokeAdmin']);

const failed = (text: string, isOwn = true) => ({ state: 'failed', text, isOwn }) as const;

/** The outcome of a statement that the metadata or the user's privileges do not permit. */
function outcomeOf(error: CfluxError): WriteOutcome {
  switch (error.code) {
    case 'NOT_AUTHORIZED':
    case 'AUTHENTICATION_FAILED':
      return { state: 'refused', ...refusalFor(error) };
    case 'LAST_ADMINISTRATOR':
    case 'FORBIDDEN':
      return failed(error.message);
    default:
      return failed(error.message, false);
  }
}
