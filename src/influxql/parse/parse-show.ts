import type { MetadataRead } from '../statement.js';
import type { TokenReader } from '../token-reader.js';

/** Behind `SHOW RETENTION POLICIES`. */
export function parseShowRetentionPolicies(reader: TokenReader): MetadataRead {
  return reader.take('ON')
    ? { kind: 'showRetentionPolicies', database: reader.name() }
    : { kind: 'showRetentionPolicies' };
}

/** Behind `SHOW GRANTS FOR`. */
export function parseShowGrants(reader: TokenReader): MetadataRead {
  return { kind: 'showGrants', user: reader.name() };
}
