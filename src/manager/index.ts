export type { Abortable } from '../async/on-abort.js';
export type { Action, ActivityEntry } from '../protocol/activity.js';
export type { PemFunction, PemValue, TlsSources } from '../tls-credentials.js';
export type { ActivityRequest } from './activity/activity.js';
export type { LoggedActivity } from './activity/activity-log.js';
export type { Audit, AuditEntry, ClientConnection, Requester } from './audit.js';
export { type CommitWithoutVersion, checkCommit } from './check-commit.js';
export { createManagerServer, type ManagerServer, type ManagerServerOptions } from './http/manager-server.js';
export type { Scope } from './http/scopes.js';
export type { TokenEntry } from './http/tokens.js';
export type { Limits } from './limits.js';
export { LocalTransport } from './local-transport.js';
export { Manager } from './manager.js';
export type { ManagerOptions } from './manager-options.js';
export type {
  ClusterRecord,
  Commit,
  CommitResult,
  Head,
  HeartbeatResult,
  ManagerInfo,
  ManagerStore,
  NewHistory,
  NodeDetails,
  NodeUpdate,
  SnapshotBytes,
  StoreContext,
  StoredDropOrders,
  StoredNode,
  VersionRecord,
} from './manager-store.js';
export type { RegisteredNode } from './nodes/registry.js';
export type { MeasuredSpread, SpreadListener } from './nodes/spread-meter.js';
export type { KnownProgress as SaidOfNode, ReportedVersion as SaidVersion } from './nodes/tracked-node.js';
export type { ManagerPoll, ManagerPollResult } from './polls/waiting-poll.js';
export type { ManagerPush, ManagerPushResult, Reserve } from './pushes/manager-push.js';
export type { Pusher } from './pushes/pusher.js';
export type { EtcdOptions } from './stores/etcd/connect/etcd-options.js';
export { EtcdStore } from './stores/etcd/etcd-store.js';
export { LmdbStore, type LmdbStoreOptions } from './stores/lmdb/lmdb-store.js';
export { MemoryStore } from './stores/memory/memory-store.js';
export type { OfferedDelta } from './versions/recent-changes.js';
