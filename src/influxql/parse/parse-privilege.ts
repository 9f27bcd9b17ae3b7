import type { ClusterStatement, GrantLevel } from '../statement.js';
import type { TokenReader } from '../token-reader.js';

/** Parses what follows `GRANT`. */
export function parseGrant(reader: TokenReader): ClusterStatement {
  return parsePrivilege(reader, 'TO');
}

/** Parses what follows `REVOKE`. */
export function parseRevoke(reader: TokenReader): ClusterStatement {
  return parsePrivilege(reader, 'FROM');
}

/** ALL without a database is the right of an administrator. */
function parsePrivilege(reader: TokenReader, preposition: 'TO' | 'FROM'): ClusterStatement {
  const isGrant = preposition === 'TO';
  const level = parseLevel(reader);
  const token = reader.next();
  if (token.kind === 'ON') {
    const database = reader.name();
    reader.require(preposition);
    return { kind: isGrant ? 'grant' : 'revoke', level, database, user: reader.name() };
  }
  const isAdmin = level === 'ALL PRIVILEGES';
  if (!isAdmin) throw reader.unexpected(token, 'ON');
  if (token.kind !== preposition) throw reader.unexpected(token, 'ON', preposition);
  return { kind: isGrant ? 'grantAdmin' : 'revokeAdmin', user: reader.name() };
}

function parseLevel(reader: TokenReader): GrantLevel {
  const token = reader.next();
  if (token.kind === 'READ' || token.kind === 'WRITE') return token.kind;
  if (token.kind !== 'ALL') throw reader.unexpected(token, 'READ', 'WRITE', 'ALL [PRIVILEGES]');
  reader.take('PRIVILEGES');
  return 'ALL PRIVILEGES';
}
