import type { ClusterStatement } from '../statement.js';
import type { TokenReader } from '../token-reader.js';

/** `name ON database.policy`. */
function parsePlace(reader: TokenReader) {
  const name = reader.name();
  reader.require('ON');
  const database = reader.name();
  // Nothing is allowed before the dot, not even a space; after it a space is allowed.
  const dot = reader.scan();
  if (dot.kind !== '.') throw reader.unexpected(dot, '.');
  return { name, database, policy: reader.name() };
}

/** Parses what follows `CREATE SUBSCRIPTION`. */
export function parseCreateSubscription(reader: TokenReader): ClusterStatement {
  const place = parsePlace(reader);
  reader.require('DESTINATIONS');
  const mode = reader.next();
  if (mode.kind !== 'ALL' && mode.kind !== 'ANY') throw reader.unexpected(mode, 'ALL', 'ANY');
  const destinations = [reader.string()];
  while (reader.take(',')) destinations.push(reader.string());
  return { kind: 'createSubscription', ...place, mode: mode.kind, destinations };
}

/** Parses what follows `DROP SUBSCRIPTION`. */
export function parseDropSubscription(reader: TokenReader): ClusterStatement {
  return { kind: 'dropSubscription', ...parsePlace(reader) };
}
