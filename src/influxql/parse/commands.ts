import type { Statement } from '../statement.js';
import type { TokenReader } from '../token-reader.js';
import { parseCreateContinuousQuery, parseDropContinuousQuery } from './parse-continuous-query.js';
import { parseCreateDatabase, parseDropDatabase } from './parse-database.js';
import { parseGrant, parseRevoke } from './parse-privilege.js';
import {
  parseAlterRetentionPolicy,
  parseCreateRetentionPolicy,
  parseDropRetentionPolicy,
} from './parse-retention-policy.js';
import { parseShowGrants, parseShowRetentionPolicies } from './parse-show.js';
import { parseCreateSubscription, parseDropSubscription } from './parse-subscription.js';
import { parseCreateUser, parseDropUser, parseSetPassword } from './parse-user.js';

type Parse = (reader: TokenReader) => Statement;

/** The first words of statements: each word leads to further words or to the parser of the rest. */
interface Commands {
  readonly [word: string]: Commands | Parse;
}

/** Marks a command that a server must execute; its rest is not parsed. */
const serverCommand: Parse = () => ({ kind: 'server', command: '' });
const read =
  (
    kind:
      | 'showDatabases'
      | 'showUsers'
      | 'showContinuousQueries'
      | 'showSubscriptions'
      | 'showShards'
      | 'showShardGroups',
  ): Parse =>
  () => ({ kind });

/** In the order in which InfluxDB's errors list them. */
const commands: Commands = {
  SELECT: serverCommand,
  DELETE: serverCommand,
  SHOW: {
    CONTINUOUS: { QUERIES: read('showContinuousQueries') },
    DATABASES: read('showDatabases'),
    DIAGNOSTICS: serverCommand,
    FIELD: { KEY: serverCommand, KEYS: serverCommand },
    GRANTS: { FOR: parseShowGrants },
    MEASUREMENT: { EXACT: serverCommand, CARDINALITY: serverCommand },
    MEASUREMENTS: serverCommand,
    QUERIES: serverCommand,
    RETENTION: { POLICIES: parseShowRetentionPolicies },
    SERIES: serverCommand,
    SHARD: { GROUPS: read('showShardGroups') },
    SHARDS: read('showShards'),
    STATS: serverCommand,
    SUBSCRIPTIONS: read('showSubscriptions'),
    TAG: { KEY: serverCommand, KEYS: serverCommand, VALUES: serverCommand },
    USERS: read('showUsers'),
  },
  CREATE: {
    CONTINUOUS: { QUERY: parseCreateContinuousQuery },
    DATABASE: parseCreateDatabase,
    USER: parseCreateUser,
    RETENTION: { POLICY: parseCreateRetentionPolicy },
    SUBSCRIPTION: parseCreateSubscription,
  },
  DROP: {
    CONTINUOUS: { QUERY: parseDropContinuousQuery },
    DATABASE: parseDropDatabase,
    MEASUREMENT: serverCommand,
    RETENTION: { POLICY: parseDropRetentionPolicy },
    SERIES: serverCommand,
    SHARD: serverCommand,
    SUBSCRIPTION: parseDropSubscription,
    USER: parseDropUser,
  },
  EXPLAIN: serverCommand,
  GRANT: parseGrant,
  REVOKE: parseRevoke,
  ALTER: { RETENTION: { POLICY: parseAlterRetentionPolicy } },
  SET: parseSetPassword,
  KILL: { QUERY: serverCommand },
};

/**
 * Parses the statement that begins here. For a statement that a server must execute, it reads only the first words; the caller skips
 * the rest.
 *
 * @throws CfluxError `INFLUXQL_SYNTAX`
 */
export function parseStatement(reader: TokenReader): Statement {
  let level = commands;
  const words: string[] = [];
  for (;;) {
    const token = reader.next();
    // A name may equal an inherited property of an object; keywords are in upper case and have no text.
    const found = token.text === '' && Object.hasOwn(level, token.kind) ? level[token.kind] : undefined;
    if (found === undefined) throw reader.unexpected(token, ...Object.keys(level));
    words.push(token.kind);
    if (found === serverCommand) return { kind: 'server', command: words.join(' ') };
    if (typeof found === 'function') return found(reader);
    level = found;
  }
}
