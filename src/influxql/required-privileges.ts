import type { AuthorizedStatement, RequiredPrivilege } from '../meta/authorization.js';
import { Privilege } from '../meta/records.js';
import { printStatement } from './print/print-statement.js';
import type { ClusterStatement, MetadataRead } from './statement.js';

const admin: readonly RequiredPrivilege[] = [{ admin: true, privilege: Privilege.All }];
const readOn = (database?: string): RequiredPrivilege => ({
  privilege: Privilege.Read,
  ...(database === undefined ? {} : { database }),
});
const writeOn = (database: string): RequiredPrivilege => ({ privilege: Privilege.Write, database });

/**
 * Returns the privileges that a statement requires, as input of `authorizeQuery`.
 *
 * Whether a user has it depends on the user's grants and on the database that the query is sent to.
 *
 * @example
 * ```ts
 * const statements = parseStatements('DROP CONTINUOUS QUERY hourly ON sensors').flatMap(({ statement }) =>
 *   statement.kind === 'server' ? [] : [requiredPrivileges(statement)],
 * );
 * console.log(statements[0]?.requires[0]?.database); // sensors
 * ```
 */
export function requiredPrivileges(statement: ClusterStatement | MetadataRead): AuthorizedStatement {
  const text = printStatement(statement, { portable: false });
  const createsAdmin = statement.kind === 'createUser' && statement.admin;
  return { text, requires: requirements(statement), createsAdmin };
}

function requirements(statement: ClusterStatement | MetadataRead): readonly RequiredPrivilege[] {
  switch (statement.kind) {
    case 'showDatabases':
      return [];
    case 'showRetentionPolicies':
      return [readOn(statement.database)];
    case 'showContinuousQueries':
      return [readOn()];
    case 'dropRetentionPolicy':
    case 'dropContinuousQuery':
      return [writeOn(statement.database)];
    case 'createContinuousQuery': {
      // A target without a database is written to the query's own database, which InfluxDB does not check.
      const into = statement.select.target?.database ?? '';
      return [readOn(statement.database), ...(into === '' ? [] : [writeOn(into)])];
    }
    default:
      return admin;
  }
}
