import { CfluxError, isCfluxError } from '../../errors.js';
import { authorizeQuery } from '../../meta/authorization.js';
import type { Awaitable, MetaClient } from '../../meta/meta-client.js';
import { findByName } from '../../meta/named-list.js';
import type { Password } from '../../meta/password.js';
import type { MetaData, UserInfo } from '../../meta/records.js';
import { authenticationFailed } from '../../meta/refusals.js';
import type { QueryPlace } from '../continuous-query-text.js';
import { requiredPrivileges } from '../required-privileges.js';
import type { ClusterStatement, MetadataRead } from '../statement.js';
import type { ExecutionContext } from './context.js';
import { executeChange } from './execute-change.js';
import { isRead, readMetadata } from './read-metadata.js';
import type { Series } from './series.js';

/** The target of statements, such as a `CfluxClient`. */
export interface QueryTarget {
  /** Returns the newest known metadata. */
  data(): Awaitable<MetaData>;
  /** Makes one change of the metadata; the operation may run again on newer metadata. */
  mutate<T>(operation: (meta: MetaClient) => T | Promise<T>): Promise<T>;
}

/**
 * The acting user. With `hash`, the password hash of the verified login, a user whose password was changed meanwhile is refused.
 */
export interface ActingUser {
  readonly name: string;
  readonly hash?: string;
}

/** A statement that the cluster executes, with prepared values. */
export interface PreparedStatement {
  readonly statement: ClusterStatement | MetadataRead;
  readonly password?: Password;
}

/** Options of running statements. */
export interface RunOptions extends QueryPlace {
  /** `null`: authentication is on, without a user. Default: authentication is off. */
  readonly user?: ActingUser | null;
  /**
   * The version of InfluxDB whose results SHOW RETENTION POLICIES returns, such as `1.12.4`: since 1.12 they have the columns
   * `futureWriteLimit` and `pastWriteLimit`. Default: with them if the metadata states a limit.
   */
  readonly serverVersion?: string;
}

/** The outcome of a statement; `series` are the rows of a SHOW statement, `storedText` is that of a continuous query. */
export type StatementOutcome =
  | { readonly state: 'done'; readonly series: readonly Series[]; readonly storedText?: string }
  | { readonly state: 'failed'; readonly error: CfluxError }
  | { readonly state: 'notExecuted' };

/** Runs statements on one target, with privileges checked on the metadata that each is applied to. */
export class StatementRunner {
  readonly #target: QueryTarget;
  readonly #options: RunOptions;
  /** The administrator that the first statement of this query created, if there was no user. */
  #founder: ActingUser | undefined;

  constructor(target: QueryTarget, options: RunOptions) {
    this.#target = target;
    this.#options = options;
  }

  /**
   * Checks that all statements are currently allowed.
   *
   * @throws CfluxError `NOT_AUTHORIZED`, `AUTHENTICATION_FAILED`
   */
  async authorize(statements: readonly PreparedStatement[]): Promise<void> {
    if (this.#options.user === undefined) return;
    this.#actingUser(await this.#target.data(), statements);
  }

  /** Runs statements in order, each change as its own mutation; stops after a failure. */
  async runEach(statements: readonly PreparedStatement[]): Promise<readonly StatementOutcome[]> {
    const outcomes: StatementOutcome[] = [];
    for (const prepared of statements) {
      if (outcomes.at(-1)?.state === 'failed' || outcomes.at(-1)?.state === 'notExecuted') {
        outcomes.push({ state: 'notExecuted' });
      } else outcomes.push(await this.#runOne(prepared).catch(failed));
    }
    return outcomes;
  }

  /** Runs all statements in one mutation, or none; after a failure, only the failed statement has its error. */
  async runTogether(statements: readonly PreparedStatement[]): Promise<readonly StatementOutcome[]> {
    let failedAt = 0;
    try {
      return await this.#target.mutate(async (meta) => {
        const outcomes: StatementOutcome[] = [];
        failedAt = 0;
        const user = this.#actingUser(await meta.data(), statements);
        const context = { ...this.#options, user };
        for (const prepared of statements) {
          failedAt = outcomes.length;
          outcomes.push(await apply(meta, prepared, context));
        }
        // A failure from here on concerns all statements.
        failedAt = statements.length - 1;
        return outcomes;
      });
    } catch (error) {
      return statements.map((_, at) => (at === failedAt ? failed(error) : { state: 'notExecuted' }));
    }
  }

  async #runOne(prepared: PreparedStatement): Promise<StatementOutcome> {
    const { statement } = prepared;
    if (isRead(statement)) {
      const data = await this.#target.data();
      const user = this.#actingUser(data, [prepared]);
      return done(readMetadata(data, statement, { ...this.#options, user }));
    }
    const outcome = await this.#target.mutate(async (meta) =>
      apply(meta, prepared, {
        ...this.#options,
        user: this.#actingUser(await meta.data(), [prepared]),
      }),
    );
    // Set only after the mutation: an operation that is repeated after a conflict must not depend on its own user.
    if (this.#options.user === null && statement.kind === 'createUser' && statement.admin) {
      this.#founder ??= { name: statement.name, ...(prepared.password && { hash: prepared.password.hash }) };
    }
    return outcome;
  }

  /** Checks `statements` on `data`, and returns the acting user as `data` has it. */
  #actingUser(data: MetaData, statements: readonly PreparedStatement[]): UserInfo | undefined {
    const acting = this.#founder ?? this.#options.user;
    if (acting === undefined) return undefined;
    const user = acting === null ? undefined : findByName(data.users, acting.name);
    if (acting !== null && data.users.length > 0) {
      if (user === undefined || (acting.hash !== undefined && user.hash !== acting.hash))
        throw authenticationFailed();
    }
    const authorized = statements.map(({ statement }) => requiredPrivileges(statement));
    authorizeQuery(data.users, user, authorized, this.#options.database ?? '');
    return user;
  }
}

async function apply(
  meta: MetaClient,
  { statement, password }: PreparedStatement,
  shared: ExecutionContext,
): Promise<StatementOutcome> {
  const context = password === undefined ? shared : { ...shared, password };
  if (isRead(statement)) return done(readMetadata(await meta.data(), statement, context));
  return done([], await executeChange(meta, statement, context));
}

const done = (series: readonly Series[], storedText?: string): StatementOutcome => ({
  state: 'done',
  series,
  ...(storedText === undefined ? {} : { storedText }),
});

const failed = (error: unknown): StatementOutcome => ({
  state: 'failed',
  error: isCfluxError(error) ? error : CfluxError.from(error),
});
