import type { ClusterStatement, DatabaseOptions } from '../statement.js';
import type { TokenReader } from '../token-reader.js';
import { parseLimits } from './parse-limits.js';
import { parseDurationOrInf, parseReplication } from './parse-values.js';

/** Parses what follows `CREATE DATABASE`. */
export function parseCreateDatabase(reader: TokenReader): ClusterStatement {
  const name = reader.name();
  if (!reader.take('WITH')) return { kind: 'createDatabase', name };
  return { kind: 'createDatabase', name, options: parseOptions(reader) };
}

/** At least one option, in this order. Unlike elsewhere, the duration of shard groups may be INF here. */
function parseOptions(reader: TokenReader): DatabaseOptions {
  const options: { -readonly [K in keyof DatabaseOptions]: DatabaseOptions[K] } = {};
  const first = reader.next();
  reader.unscan();
  if (reader.take('DURATION')) options.duration = parseDurationOrInf(reader);
  if (reader.take('REPLICATION')) options.replication = parseReplication(reader);
  if (reader.take('SHARD')) {
    reader.require('DURATION');
    options.shardDuration = parseDurationOrInf(reader);
  }
  Object.assign(options, parseLimits(reader));
  if (reader.take('NAME')) options.policy = reader.name();
  if (Object.keys(options).length === 0) {
    throw reader.unexpected(first, 'DURATION', 'NAME', 'REPLICATION', 'SHARD');
  }
  return options;
}

/** Parses what follows `DROP DATABASE`. */
export function parseDropDatabase(reader: TokenReader): ClusterStatement {
  return { kind: 'dropDatabase', name: reader.name() };
}
