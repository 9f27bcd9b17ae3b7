import type { MetadataRead } from '../statement.js';
import type { TokenReader } from '../token-reader.js';

/** Parses what follows `SHOW RETENTION POLICIES`. */
export function parseShowRetentionPolicies(reader: TokenReader): MetadataRead {
  return reader.take('ON')
    ? { kind: 'showRetentionPolicies', database: reader.name() }
    : { kind: 'showRetentionPolicies' };
}

/** Parses what follows `SHOW GRANTS FOR`. */
export function parseShowGrants(reader: TokenReader): MetadataRead {
  return { kind: 'showGrants', user: reader.name() };
}
