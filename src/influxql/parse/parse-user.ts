import type { ClusterStatement } from '../statement.js';
import type { TokenReader } from '../token-reader.js';

/** Parses what follows `CREATE USER`. */
export function parseCreateUser(reader: TokenReader): ClusterStatement {
  const name = reader.name();
  reader.require('WITH');
  reader.require('PASSWORD');
  const password = reader.string();
  const admin = reader.take('WITH');
  if (admin) {
    reader.require('ALL');
    reader.require('PRIVILEGES');
  }
  return { kind: 'createUser', name, password, admin };
}

/** Parses what follows `SET`. */
export function parseSetPassword(reader: TokenReader): ClusterStatement {
  reader.require('PASSWORD');
  reader.require('FOR');
  const name = reader.name();
  reader.require('=');
  return { kind: 'setPassword', name, password: reader.string() };
}

/** Parses what follows `DROP USER`. */
export function parseDropUser(reader: TokenReader): ClusterStatement {
  return { kind: 'dropUser', name: reader.name() };
}
