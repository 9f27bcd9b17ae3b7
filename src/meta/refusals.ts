import { CfluxError } from '../errors.js';

/*
 * InfluxDB's own errors, with exactly its texts: users search for them, and programs compare them.
 */

export const databaseNameRequired = () => new CfluxError('DATABASE_NAME_REQUIRED', 'database name required');
export const nameTooLong = () => new CfluxError('NAME_TOO_LONG', 'name too long');
export const databaseNotFound = (name: string) =>
  new CfluxError('DATABASE_NOT_FOUND', `database not found: ${name}`);
export const databaseExists = () => new CfluxError('DATABASE_EXISTS', 'database already exists');

export const specRequired = (message: string) => new CfluxError('RETENTION_POLICY_SPEC_REQUIRED', message);
export const retentionPolicyNotFound = (name: string) =>
  new CfluxError('RETENTION_POLICY_NOT_FOUND', `retention policy not found: ${name}`);
export const retentionPolicyExists = () =>
  new CfluxError('RETENTION_POLICY_EXISTS', 'retention policy already exists');
export const retentionPolicyNameExists = () =>
  new CfluxError('RETENTION_POLICY_NAME_EXISTS', 'retention policy name already exists');
export const retentionPolicyConflict = () =>
  new CfluxError('RETENTION_POLICY_CONFLICT', 'retention policy conflicts with an existing policy');
export const durationTooLow = () =>
  new CfluxError('RETENTION_POLICY_DURATION_TOO_LOW', 'retention policy duration must be at least 1h0m0s');
export const incompatibleDurations = () =>
  new CfluxError(
    'INCOMPATIBLE_DURATIONS',
    'retention policy duration must be greater than the shard duration',
  );
export const negativeWriteLimit = () => new CfluxError('NEGATIVE_WRITE_LIMIT', 'negative write limit');
export const replicationFactorTooLow = () =>
  new CfluxError('REPLICATION_FACTOR_TOO_LOW', 'replication factor must be greater than 0');

export const shardGroupNotFound = () => new CfluxError('SHARD_GROUP_NOT_FOUND', 'shard group not found');

export const continuousQueryExists = () =>
  new CfluxError('CONTINUOUS_QUERY_EXISTS', 'continuous query already exists');

export const subscriptionExists = () => new CfluxError('SUBSCRIPTION_EXISTS', 'subscription already exists');
export const subscriptionNotFound = () => new CfluxError('SUBSCRIPTION_NOT_FOUND', 'subscription not found');
export const invalidSubscriptionUrl = (url: string) =>
  new CfluxError('INVALID_SUBSCRIPTION_URL', `invalid subscription URL: ${url}`);

export const userExists = () => new CfluxError('USER_EXISTS', 'user already exists');
export const userNotFound = () => new CfluxError('USER_NOT_FOUND', 'user not found');
export const usernameRequired = () => new CfluxError('USERNAME_REQUIRED', 'username required');
export const authenticationFailed = () => new CfluxError('AUTHENTICATION_FAILED', 'authentication failed');
export const notAuthorized = (message: string) => new CfluxError('NOT_AUTHORIZED', message);

export const importedDatabaseNotFound = (name: string) =>
  // The spelling is InfluxDB's.
  new CfluxError('IMPORT_SOURCE_NOT_FOUND', `imported metadata does not have datbase named ${name}`);
export const importedPolicyNotFound = (database: string, policy: string) =>
  new CfluxError(
    'IMPORT_SOURCE_NOT_FOUND',
    `retention Policy not found in meta backup: ${database}.${policy}`,
  );
