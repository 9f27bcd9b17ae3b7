import { CfluxError, isCfluxError } from '../../errors.js';
import type { QueryPlace } from '../../influxql/continuous-query-text.js';
import { type HashPassword, prepareStatements } from '../../influxql/execute/prepare-statements.js';
import { isRead, readMetadata } from '../../influxql/execute/read-metadata.js';
import { type QueryResult, resultOf } from '../../influxql/execute/result-of.js';
import { printStatement } from '../../influxql/print/print-statement.js';
import type { ClusterStatement, MetadataRead } from '../../influxql/statement.js';
import type { MetaData } from '../../meta/records.js';
import { type Authority, authorize, type Refusal, refusalFor } from '../credentials/authority.js';
import type { ResultFormat, ResultPart } from '../formats/result-format.js';
import type { ClassifiedStatement } from './classify.js';
import type { ClusterWriter, OnWait, WriteOutcome } from './cluster-writer.js';
import type { ServerQueries } from './server-queries.js';
import { serverRun } from './server-run.js';

/** What became of one statement for the cluster, for the log. */
export interface StatementRecord {
  /** Without passwords. */
  readonly statement: string;
  readonly milliseconds: number;
  /** The version that has the change; absent if there is none. */
  readonly version?: number;
  readonly error?: string;
}

export interface RequestRunParts {
  readonly writer: ClusterWriter;
  readonly queries: ServerQueries;
  readonly format: ResultFormat;
  /** Resolves with the newest metadata that is known here. */
  readonly data: () => MetaData | PromiseLike<MetaData>;
  readonly place: QueryPlace;
  readonly authority: Authority;
  readonly isChunked: boolean;
  /** Whether the client used GET, so that changes have a warning. */
  readonly isReadOnly: boolean;
  readonly hashPassword: HashPassword;
  /** Milliseconds of the monotonic clock. */
  readonly now: () => number;
  readonly onStatement: (record: StatementRecord) => void;
  readonly onWait: OnWait;
}

/**
 * Runs the statements of one request in order: those for the cluster one by one, those for the server in runs of one request each. It
 * stops at the first failure, as the server does.
 */
export class RequestRun {
  readonly #parts: RequestRunParts;
  readonly #statements: readonly ClassifiedStatement[];
  readonly #results: ResultPart[] = [];
  #authority: Authority;
  #refusal: Refusal | undefined;

  constructor(parts: RequestRunParts, statements: readonly ClassifiedStatement[]) {
    this.#parts = parts;
    this.#statements = statements;
    this.#authority = parts.authority;
  }

  /** Why the whole request is refused: the user lost a privilege after it was checked, and nothing was executed. */
  get refusal(): Refusal | undefined {
    return this.#refusal;
  }

  /** Resolves with the results as the server would send them, in order. */
  async run(): Promise<readonly ResultPart[]> {
    let at = 0;
    while (at < this.#statements.length) {
      const next = this.#statements[at];
      if (next?.by === 'cluster') {
        if (!(await this.#runOnCluster(next, at))) break;
        at += 1;
        continue;
      }
      const end = this.#endOfRun(at);
      if (!(await this.#runOnServer(at, end))) break;
      at = end;
    }
    return this.#parts.isChunked ? this.#results : joined(this.#results);
  }

  #endOfRun(start: number): number {
    const end = this.#statements.findIndex(({ by }, at) => at > start && by === 'cluster');
    return end < 0 ? this.#statements.length : end;
  }

  /** Resolves with whether the following statements are executed. */
  async #runOnServer(start: number, end: number): Promise<boolean> {
    const { queries, format } = this.#parts;
    const statements = this.#statements.slice(start, end).filter((statement) => statement.by === 'server');
    const isLast = end === this.#statements.length;
    try {
      const { parts, failedAt } = await serverRun(queries, format, statements, { first: start, isLast });
      this.#results.push(...parts);
      if (failedAt === undefined) return true;
      this.#skip(failedAt, this.#statements.length - end);
    } catch (error) {
      this.#fail(start, CfluxError.from(error).message, true);
    }
    return false;
  }

  async #runOnCluster(
    { statement, text }: { readonly statement: ClusterStatement | MetadataRead; readonly text: string },
    id: number,
  ): Promise<boolean> {
    const { now, onStatement } = this.#parts;
    const begin = now();
    const outcome = isRead(statement) ? await this.#read(statement, id) : await this.#write(statement, id);
    if (outcome.state === 'absent') {
      if (isRead(statement)) return true;
      const ended = await this.#runOnServerAlone({ statement, text }, id);
      // The cluster has it by now: it was created meanwhile.
      return ended ?? this.#runOnCluster({ statement, text }, id);
    }
    onStatement({
      statement: printStatement(statement, { portable: false }),
      milliseconds: now() - begin,
      ...('version' in outcome && outcome.version !== undefined ? { version: outcome.version } : {}),
      ...('text' in outcome ? { error: outcome.text } : {}),
    });
    if (outcome.state === 'done') return true;
    if (outcome.state === 'refused') {
      if (id === 0) this.#refusal = { status: outcome.status, text: outcome.text };
      this.#fail(id, outcome.text, true);
      return false;
    }
    this.#fail(id, outcome.text, outcome.isOwn);
    return false;
  }

  /** A DROP of what the cluster does not have is the server's alone. Resolves with `undefined` if the cluster has it. */
  async #runOnServerAlone(
    { statement, text }: { readonly statement: ClusterStatement; readonly text: string },
    id: number,
  ): Promise<boolean | undefined> {
    const { queries, format, writer } = this.#parts;
    const isLast = id === this.#statements.length - 1;
    const drop = { by: 'server', command: 'DROP', text } as const;
    try {
      const run = await writer.apart(statement, () =>
        serverRun(queries, format, [drop], { first: id, isLast }),
      );
      if (run === undefined) return undefined;
      this.#results.push(...run.parts);
      if (run.failedAt !== undefined) this.#skip(id, this.#statements.length - id - 1);
      return run.failedAt === undefined;
    } catch (error) {
      this.#fail(id, CfluxError.from(error).message, true);
      return false;
    }
  }

  async #read(statement: MetadataRead, id: number): Promise<Exclude<WriteOutcome, { state: 'done' }> | Done> {
    const { obstacle } = this.#authority;
    if (obstacle !== undefined) return { state: 'failed', text: obstacle, isOwn: true };
    try {
      const data = await this.#parts.data();
      authorize(data.users, [statement], this.#authority);
      const series = readMetadata(data, statement, this.#parts.place);
      this.#results.push(this.#parts.format.write(resultOf({ state: 'done', series }, id)));
      return { state: 'done' };
    } catch (error) {
      if (isCfluxError(error, 'NOT_AUTHORIZED') || isCfluxError(error, 'AUTHENTICATION_FAILED'))
        return { state: 'refused', ...refusalFor(error) };
      return { state: 'failed', text: CfluxError.from(error).message, isOwn: false };
    }
  }

  async #write(
    statement: ClusterStatement,
    id: number,
  ): Promise<Exclude<WriteOutcome, { state: 'done' }> | Done> {
    const { writer, hashPassword, place, format, isReadOnly, onWait } = this.#parts;
    try {
      const [prepared = { statement }] = await prepareStatements([statement], hashPassword);
      const context = { place, authority: this.#authority, onWait };
      const outcome = await writer.write({ ...prepared, statement }, context);
      if (outcome.state !== 'done') return outcome;
      if (statement.kind === 'createUser') this.#actAsFounder(statement, prepared.password?.hash);
      const { storedText, version, warning } = outcome;
      const done = {
        state: 'done',
        series: [],
        ...(storedText === undefined ? {} : { storedText }),
      } as const;
      const result = resultOf(done, id, isReadOnly ? { statement } : undefined);
      this.#results.push(format.write(warning === undefined ? result : withWarning(result, warning)));
      return { state: 'done', version };
    } catch (error) {
      if (isCfluxError(error)) return { state: 'failed', text: error.message, isOwn: false };
      throw error;
    }
  }

  /** What follows the creation of the first administrator is executed on behalf of that user, as by the server. */
  #actAsFounder({ name, password }: { name: string; password: string }, hash = ''): void {
    if (!this.#authority.isFounder) return;
    this.#authority = { ...this.#authority, isFounder: false, actor: { name, hash, password } };
    this.#parts.queries.actAs(name, password);
  }

  #fail(id: number, text: string, isOwn: boolean): void {
    this.#results.push(this.#parts.format.write({ statement_id: id, error: text }));
    const left = this.#statements.length - id - 1;
    // Without chunks, the next error would replace this text, which InfluxDB never sends.
    if (this.#parts.isChunked || !isOwn) this.#skip(id, left);
  }

  /** As the server: one more error for each statement that was not executed, with the number of the failed one. */
  #skip(id: number, count: number): void {
    const result: QueryResult = { statement_id: id, error: 'not executed' };
    for (let left = count; left > 0; left -= 1) this.#results.push(this.#parts.format.write(result));
  }
}

/** Adds a message to those of a result, in the place where InfluxDB has them. */
function withWarning({ statement_id, messages = [], ...rest }: QueryResult, text: string): QueryResult {
  return { statement_id, messages: [...messages, { level: 'warning', text }], ...rest };
}

interface Done {
  readonly state: 'done';
  readonly version?: number;
}

/** As the server joins results: an error replaces the result before it if that is of the same statement. */
function joined(results: readonly ResultPart[]): readonly ResultPart[] {
  const kept: ResultPart[] = [];
  for (const result of results) {
    if (result.error !== undefined && kept.at(-1)?.id === result.id) kept.pop();
    kept.push(result);
  }
  return kept;
}
