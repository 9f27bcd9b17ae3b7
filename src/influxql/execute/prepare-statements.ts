import { CfluxError } from '../../errors.js';
import type { Password } from '../../meta/password.js';
import { Passwords } from '../../meta/passwords.js';
import type { ClusterStatement, MetadataRead, PlacedStatement, ServerStatement } from '../statement.js';
import { positionOf } from '../syntax-error.js';
import type { PreparedStatement } from './run-statements.js';

/** The bcrypt cost of InfluxDB. */
const cost = 10;

/** Hashes a password, and compares it with each hash at most once. */
export type HashPassword = (password: string) => Promise<Password>;

const passwords = new Passwords(cost);
export const hashByDefault: HashPassword = (password) => passwords.hash(password);

/**
 * Hashes the passwords of statements, which takes a tenth of a second each, before the deadline of a change begins.
 *
 * @throws CfluxError `PASSWORD_TOO_LONG`
 */
export async function prepareStatements(
  statements: readonly (ClusterStatement | MetadataRead)[],
  hash: HashPassword,
): Promise<readonly PreparedStatement[]> {
  const hashed = new Map<string, Promise<Password>>();
  return Promise.all(
    statements.map(async (statement) => {
      if (statement.kind !== 'createUser' && statement.kind !== 'setPassword') return { statement };
      const { password } = statement;
      const promise = hashed.get(password) ?? hash(password);
      hashed.set(password, promise);
      return { statement, password: await promise };
    }),
  );
}

/**
 * Returns the statements of a text that the cluster executes.
 *
 * @throws CfluxError `STATEMENT_NOT_SUPPORTED` for any other statement
 */
export function clusterStatements(
  text: string,
  placed: readonly PlacedStatement[],
): readonly (ClusterStatement | MetadataRead)[] {
  return placed.map(({ statement, start }) => {
    if (statement.kind !== 'server') return statement;
    throw notSupported(text, statement, start);
  });
}

function notSupported(text: string, { command }: ServerStatement, start: number): CfluxError {
  const { line, char } = positionOf(text, start);
  return new CfluxError(
    'STATEMENT_NOT_SUPPORTED',
    `cannot execute ${command} at line ${line}, char ${char} on the cluster: it concerns what a single server holds; run it on an InfluxDB server`,
  );
}
