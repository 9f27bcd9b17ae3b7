import type { MetaClient } from './meta-client.js';

/** The effect of a method on the metadata. `lifecycle`: open and close. */
export type MethodKind = 'lifecycle' | 'read' | 'mutation';

/** Every method of {@link MetaClient} and its effect; the type ensures that the list is complete. */
export const metaClientMethods = {
  open: 'lifecycle',
  close: 'lifecycle',
  clusterId: 'read',
  data: 'read',
  setData: 'mutation',
  marshalBinary: 'read',
  waitForDataChanged: 'read',
  acquireLease: 'read',
  database: 'read',
  databases: 'read',
  createDatabase: 'mutation',
  createDatabaseWithRetentionPolicy: 'mutation',
  dropDatabase: 'mutation',
  retentionPolicy: 'read',
  createRetentionPolicy: 'mutation',
  updateRetentionPolicy: 'mutation',
  dropRetentionPolicy: 'mutation',
  users: 'read',
  user: 'read',
  userCount: 'read',
  adminUserExists: 'read',
  createUser: 'mutation',
  updateUser: 'mutation',
  dropUser: 'mutation',
  setPrivilege: 'mutation',
  setAdminPrivilege: 'mutation',
  userPrivileges: 'read',
  userPrivilege: 'read',
  authenticate: 'read',
  shardIds: 'read',
  shardGroupsByTimeRange: 'read',
  shardsByTimeRange: 'read',
  shardOwner: 'read',
  dropShard: 'mutation',
  createShardGroup: 'mutation',
  deleteShardGroup: 'mutation',
  precreateShardGroups: 'mutation',
  truncateShardGroups: 'mutation',
  pruneShardGroups: 'mutation',
  createContinuousQuery: 'mutation',
  dropContinuousQuery: 'mutation',
  createSubscription: 'mutation',
  dropSubscription: 'mutation',
} as const satisfies Record<keyof MetaClient, MethodKind>;

type MethodsOf<Kind extends MethodKind> = {
  [Name in keyof typeof metaClientMethods]: (typeof metaClientMethods)[Name] extends Kind ? Name : never;
}[keyof typeof metaClientMethods];

/** Names of the methods that may change the metadata. */
export type MutationName = MethodsOf<'mutation'>;
/** Names of the methods that only read. */
export type ReadName = MethodsOf<'read'>;
/** The methods that take or return metadata. */
export type SharedName = MutationName | ReadName;

/** Every method but those of the lifecycle, with its kind. */
export const sharedMethods = Object.entries(metaClientMethods).filter(
  (entry): entry is [SharedName, 'read' | 'mutation'] => entry[1] !== 'lifecycle',
);
