export type { ListenerOptions } from './async/subscriptions.js';
export type { CertificateInfo } from './certificates.js';
export {
  CfluxClient,
  type CfluxClientConstructor,
  CfluxClientMembers,
} from './client/cflux-client.js';
export type { MutationOperation, MutationTools } from './client/commit/mutation-tools.js';
export type { DropOrdersOutcome } from './client/commit/pending-mutation.js';
export type { MutateOptions, WaitForNodesOptions, WaitOptions } from './client/config/call-options.js';
export { type ConfigSources, loadConfig } from './client/config/config.js';
export type { CfluxOptions } from './client/config/options.js';
export type { Applied } from './client/follow/applied-version.js';
export type { Operation } from './client/local/meta-client-adapter.js';
export type { NodeStorage } from './client/local/node-directory.js';
export type { OwnMethods, PromisedMetaClient, PromisedMethod } from './client/meta-methods.js';
export {
  type ClientMetricsOptions,
  clientMetrics,
  type MetricsRegistry,
  type ObservedClient,
} from './client/observe/client-metrics.js';
export type { EventLogger, EventRecord, LogLevel } from './client/observe/event-logger.js';
export {
  type BackedUpMetadata,
  type CfluxEventName,
  type CfluxEvents,
  cfluxEventNames,
  type MetadataChange,
  type ReplacedReason,
} from './client/observe/events.js';
export { type JsonLoggerOptions, jsonLogger } from './client/observe/json-logger.js';
export type { CfluxState, CfluxStatus } from './client/observe/status.js';
export { type Clock, systemClock } from './clock.js';
export {
  CfluxError,
  type CfluxErrorCode,
  type CfluxErrorOf,
  type CfluxErrorOptions,
  isCfluxError,
  type Outcome,
} from './errors.js';
export {
  type AuthorizedStatement,
  authorizeDatabase,
  authorizeQuery,
  authorizeWrite,
  type RequiredPrivilege,
} from './meta/authorization.js';
export { decodeMetadata } from './meta/codec/decode-metadata.js';
export { type EncodeOptions, encodeMetadata } from './meta/codec/encode-metadata.js';
export { digestMetadata } from './meta/digest-metadata.js';
export { formatDuration, parseDuration } from './meta/durations.js';
export { emptyMetaData } from './meta/empty-metadata.js';
export { equalMetadata } from './meta/equal-metadata.js';
export { Leases } from './meta/leases.js';
export { LocalMetaClient } from './meta/local-meta-client.js';
export type { LocalMetaClientOptions } from './meta/local-meta-options.js';
export type {
  Awaitable,
  ForkableMetaClient,
  MetaClient,
  MetaClientLike,
  PasswordHashingMetaClient,
} from './meta/meta-client.js';
export { isValidName } from './meta/names.js';
export { type ImportedData, type ImportSelection, importData } from './meta/operations/import-data.js';
export type { Password } from './meta/password.js';
export {
  type ContinuousQueryInfo,
  type DatabaseInfo,
  type DurationArgument,
  type Lease,
  type MeasurementSource,
  type MetaData,
  Privilege,
  type RetentionPolicyInfo,
  type RetentionPolicySpec,
  type RetentionPolicyUpdate,
  type ShardGroupInfo,
  type ShardInfo,
  type ShardOwner,
  type ShardOwnership,
  type SubscriptionInfo,
  type UserInfo,
  type WithUnknownFields,
} from './meta/records.js';
export { deletedShardGroups, expiredShardGroups, shardFor } from './meta/shard-group-times.js';
export { isSubscriptionUrl } from './meta/subscription-url.js';
export type { MetadataForm } from './protocol/deltas.js';
export type {
  DropOrder,
  DropOrders,
  DropsChange,
  NewDropOrder,
  OrderedItem,
  RevokedDrops,
} from './protocol/drop-orders.js';
export type { NodeProgress as NodeWord } from './protocol/node-progress.js';
export type { FindingKind, NodeReport } from './protocol/node-report.js';
export type { NodeDescription, NodeInfo, NodeKind, Registration } from './protocol/nodes.js';
export type { WaitForNodesRequest, WaitForNodesResult } from './protocol/waiting-for-nodes.js';
export { type Random, systemRandom } from './random.js';
export type { PemFunction } from './tls-credentials.js';
export type { RetryEvent, RetryOptions } from './transport/attempts.js';
export type { BearerToken } from './transport/bearer-token.js';
export type { HttpTransportOptions, TlsOptions } from './transport/http-options.js';
export { HttpTransport } from './transport/http-transport.js';
export type { Call, RetryScheduleOptions } from './transport/retry-schedule.js';
export type {
  AnswerLost,
  CallOptions,
  DropOrdersRequest,
  DropOrdersResult,
  EpochMismatch,
  HeartbeatRequest,
  NodeRequest,
  PollRequest,
  PollResult,
  PushedDelta,
  PushRequest,
  PushResult,
  RegisterRequest,
  ReportRequest,
  Snapshot,
  SnapshotDelta,
  Transport,
} from './transport/transport.js';
export { withRetry } from './transport/with-retry.js';
