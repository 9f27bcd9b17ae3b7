import type { ClusterStatement, PolicyOptions } from '../statement.js';
import { errorAt } from '../syntax-error.js';
import type { TokenReader } from '../token-reader.js';
import { limitOf, parseLimits, parseLimitValue } from './parse-limits.js';
import { parseDurationOrInf, parseReplication, parseShardDuration } from './parse-values.js';

/**
 * Parses what follows `CREATE RETENTION POLICY`: the options have one order. DEFAULT may precede the write limits, as InfluxDB 1.12
 * requires it, or follow them, as the options of CREATE DATABASE do.
 */
export function parseCreateRetentionPolicy(reader: TokenReader): ClusterStatement {
  const name = reader.name();
  reader.require('ON');
  const database = reader.name();
  reader.require('DURATION');
  const duration = parseDurationOrInf(reader);
  reader.require('REPLICATION');
  const replication = parseReplication(reader);
  const shard = reader.take('SHARD') ? { shardDuration: parseShardDuration(reader) } : {};
  const first = parseLimits(reader);
  const makeDefault = reader.take('DEFAULT');
  const limits = Object.keys(first).length === 0 ? parseLimits(reader) : first;
  const options = { duration, replication, ...shard, ...limits, makeDefault };
  return { kind: 'createRetentionPolicy', name, database, options };
}

/** Parses what follows `ALTER RETENTION POLICY`. DEFAULT may stand bare for a policy of that name. */
export function parseAlterRetentionPolicy(reader: TokenReader): ClusterStatement {
  const name = reader.take('DEFAULT') ? 'default' : reader.name();
  reader.require('ON');
  const database = reader.name();
  return { kind: 'alterRetentionPolicy', name, database, options: parseChanges(reader) };
}

/** At least one change, in any order, none twice. */
function parseChanges(reader: TokenReader): PolicyOptions {
  const options: { -readonly [K in keyof PolicyOptions]: PolicyOptions[K] } = { makeDefault: false };
  const seen = new Set<string>();
  for (;;) {
    const token = reader.next();
    const word = limitOf(token) ?? token.kind;
    if (seen.has(word)) throw errorAt(reader.text, token.at, `found duplicate ${word} option`);
    if (word === 'DURATION') options.duration = parseDurationOrInf(reader);
    else if (word === 'REPLICATION') options.replication = parseReplication(reader);
    else if (word === 'SHARD') options.shardDuration = parseShardDuration(reader);
    else if (word === 'FUTURE') options.futureLimit = parseLimitValue(reader);
    else if (word === 'PAST') options.pastLimit = parseLimitValue(reader);
    else if (word === 'DEFAULT') options.makeDefault = true;
    else {
      if (seen.size === 0) throw reader.unexpected(token, 'DURATION', 'REPLICATION', 'SHARD', 'DEFAULT');
      reader.unscan();
      return options;
    }
    seen.add(word);
  }
}

/** Parses what follows `DROP RETENTION POLICY`. */
export function parseDropRetentionPolicy(reader: TokenReader): ClusterStatement {
  const name = reader.name();
  reader.require('ON');
  return { kind: 'dropRetentionPolicy', name, database: reader.name() };
}
