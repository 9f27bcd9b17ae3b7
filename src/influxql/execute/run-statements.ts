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

/** What statements are executed on; a `CfluxClient` is one. */
export interface QueryTarget {
  /** The newest metadata that is known here. */
  data(): Awaitable<MetaData>;
  /** Makes one change of the metadata; the operation may be run again, on newer metadata. */
  mutate<T>(operation: (meta: MetaClient) => T | Promise<T>): Promise<T>;
}

/**
 * The user that acts. With `hash`, the password hash that its login was verified against, a user whose password was changed meanwhile
 * is refused.
 */
export interface ActingUser {
  readonly name: string;
  readonly hash?: string;
}

/** A statement that the cluster executes, with what was prepared for it. */
export interface PreparedStatement {
  readonly statement: ClusterStatement | MetadataRead;
  readonly password?: Password;
}

/** How statements are run. */
export interface RunOptions extends QueryPlace {
  /** `null`: authentication is on, and no user acts. Default: authentication is off. */
  readonly user?: ActingUser | null;
}

/** What became of a statement; `series` are rows of a SHOW statement, `storedText` is that of a continuous query. */
export type StatementOutcome =
  | { readonly state: 'done'; readonly series: readonly Series[]; readonly storedText?: string }
  | { readonly state: 'failed'; readonly error: CfluxError }
  | { readonly state: 'notExecuted' };

/** Runs statements on one target, each with privileges judged on the metadata that it is applied to. */
export class StatementRunner {
  readonly #target: QueryTarget;
  readonly #options: RunOptions;
  /** The administrator whom the first statement of this query created, where there was no user at all. */
  #founder: ActingUser | undefined;

  constructor(target: QueryTarget, options: RunOptions) {
    this.#target = target;
    this.#options = options;
  }

  /**
   * Passes if all statements are allowed at present.
   *
   * @throws CfluxError `NOT_AUTHORIZED`, `AUTHENTICATION_FAILED`
   */
  async authorize(statements: readonly PreparedStatement[]): Promise<void> {
    if (this.#options.user === undefined) return;
    this.#actingUser(await this.#target.data(), statements);
  }

  /** One after another, each change a mutation of its own; after a failure nothing more is executed. */
  async runEach(statements: readonly PreparedStatement[]): Promise<readonly StatementOutcome[]> {
    const outcomes: StatementOutcome[] = [];
    for (const prepared of statements) {
      if (outcomes.at(-1)?.state === 'failed' || outcomes.at(-1)?.state === 'notExecuted') {
        outcomes.push({ state: 'notExecuted' });
      } else outcomes.push(await this.#runOne(prepared).catch(failed));
    }
    return outcomes;
  }

  /** All in one mutation, or none: then the failing statement alone has its error. */
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
        // A failure from here on is one of all: no statement is to blame.
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
    // Only now: an application that is repeated because others were first must not count on its own user.
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
