import { withTimeout } from '../../async/deadline.js';
import { Mutex } from '../../async/mutex.js';
import type { Clock } from '../../clock.js';
import { CfluxError, isCfluxError } from '../../errors.js';
import type { AcceptedChange } from '../../influxdb/accepted-change.js';
import type { QueryPlace } from '../../influxql/continuous-query-text.js';
import { executeChange } from '../../influxql/execute/execute-change.js';
import type { PreparedStatement } from '../../influxql/execute/run-statements.js';
import type { ClusterStatement } from '../../influxql/statement.js';
import type { MetaClient } from '../../meta/meta-client.js';
import { acceptedChange } from './accepted-change.js';
import { isAbsent } from './is-absent.js';

/** The part of a CfluxClient that changes the cluster. */
export interface ClusterTarget {
  readonly status: { readonly version: number };
  mutate<T>(
    operation: (meta: MetaClient) => T | Promise<T>,
    options: { readonly timeout: number },
  ): Promise<T>;
}

/** The part of an InfluxMirror that makes a change on its server at once. */
export interface ChangedServer {
  carryOut(change: AcceptedChange): Promise<string | undefined>;
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
}

/** Called with the milliseconds that a statement waited for a peer. */
export type OnWait = (peer: 'manager' | 'server', milliseconds: number) => void;

/** What became of a statement. */
export type WriteOutcome =
  | { readonly state: 'done'; readonly version: number; readonly storedText?: string | undefined }
  /** The cluster does not have what the statement drops. */
  | { readonly state: 'absent' }
  /** `isOwn`: the text is the gateway's, not InfluxDB's, and must reach the client. */
  | { readonly state: 'failed'; readonly text: string; readonly isOwn: boolean; readonly version?: number };

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

  /** Never rejects. `place` are the parameters `db` and `rp` of the request. */
  async write(
    prepared: PreparedStatement & { readonly statement: ClusterStatement },
    place: QueryPlace,
    onWait: OnWait,
  ): Promise<WriteOutcome> {
    const { clock, limits } = this.#parts;
    const begin = clock.monotonic();
    let isLate = false;
    let progress: Progress = 'waiting';
    const task = this.#turns.run(async () => {
      if (isLate) return failed(tooLate);
      const onProgress = (next: Progress) => {
        progress = next;
      };
      return this.#execute(prepared, place, { begin, onProgress, onWait });
    });
    const timeoutError = () => {
      isLate = true;
      return new CfluxError('TIMEOUT', textWhenLate(progress, limits));
    };
    try {
      return await withTimeout({ clock, timeout: limits.all, timeoutError }, task);
    } catch (error) {
      return failed(CfluxError.from(error).message);
    }
  }

  async #execute(
    prepared: PreparedStatement & { readonly statement: ClusterStatement },
    place: QueryPlace,
    { begin, onProgress, onWait }: Watch,
  ): Promise<WriteOutcome> {
    const { client, mirror, clock, limits } = this.#parts;
    const started = clock.monotonic();
    const timeout = Math.min(limits.manager, limits.all - (started - begin));
    onProgress('deciding');
    const accepted = await this.#commit(prepared, place, timeout);
    onWait('manager', clock.monotonic() - started);
    if ('state' in accepted) return accepted;
    const { statement } = prepared;
    const { version } = client.status;
    onProgress('made');
    const plain = 'password' in statement ? statement.password : undefined;
    const before = clock.monotonic();
    try {
      const reason = await mirror.carryOut(acceptedChange(statement, version, plain));
      if (reason !== undefined) return { ...failed(notHere(reason)), version };
      return { state: 'done', version, storedText: accepted.storedText };
    } catch (error) {
      return { ...failed(notHere(CfluxError.from(error).message)), version };
    } finally {
      onWait('server', clock.monotonic() - before);
    }
  }

  async #commit(
    { statement, password }: PreparedStatement & { readonly statement: ClusterStatement },
    place: QueryPlace,
    timeout: number,
  ): Promise<WriteOutcome | { readonly storedText: string | undefined }> {
    const { client, clock } = this.#parts;
    let refusal: unknown;
    const operation = async (meta: MetaClient) => {
      refusal = undefined;
      if (await isAbsent(meta, statement)) return absent;
      try {
        return await executeChange(meta, statement, { ...place, password });
      } catch (error) {
        refusal = error;
        throw error;
      }
    };
    try {
      // A request that is on the wire has no deadline of its own.
      const change = client.mutate(operation, { timeout });
      const result = await withTimeout({ clock, timeout: timeout + grace, timeoutError: undecided }, change);
      return result === absent ? { state: 'absent' } : { storedText: result };
    } catch (error) {
      if (error === refusal && isCfluxError(error)) return failed(error.message, false);
      return failed(textOf(CfluxError.from(error)));
    }
  }
}

/** Milliseconds in which a client rejects by itself a change that was not sent. */
const grace = 50;

interface Watch {
  /** When the statement began, by the monotonic clock. */
  readonly begin: number;
  readonly onProgress: (progress: Progress) => void;
  readonly onWait: OnWait;
}

/** How far a statement has come. */
type Progress = 'waiting' | 'deciding' | 'made';

const failed = (text: string, isOwn = true) => ({ state: 'failed', text, isOwn }) as const;

const undecided = () =>
  new CfluxError('UNKNOWN_OUTCOME', 'the manager did not respond in time', { outcome: 'unknown' });

const tooLate = 'cannot change the cluster: earlier statements took too long; nothing was changed, retry';

const unknown = (reason: string) =>
  `the outcome is unknown: ${reason}; the cluster may have been changed or not: look before you retry`;

/** The text for a change that the cluster has and the server does not. */
const notHere = (reason: string) =>
  `the change was made on the cluster, but is not on this server yet: ${reason}; do not repeat it`;

function textWhenLate(progress: Progress, { all }: WriterLimits): string {
  if (progress === 'waiting') return tooLate;
  if (progress === 'deciding') return unknown('the manager did not respond in time');
  return notHere(`the server did not respond within ${all} ms`);
}

function textOf(error: CfluxError): string {
  if (error.outcome === 'unknown' || error.code === 'UNKNOWN_OUTCOME') return unknown(error.message);
  return `cannot change the cluster: ${error.message}; nothing was changed, retry when the manager is available`;
}
