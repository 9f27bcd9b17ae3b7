export type { InfluxConnectionOptions, PasswordFunction } from './connect/influx-options.js';
export type { Survey } from './converge/converger.js';
export type { InfluxMirrorOptions } from './converge/mirror-options.js';
export type { Report } from './converge/report.js';
export {
  type ImportOptions,
  type ImportResult,
  type ImportTarget,
  importUnmanaged,
} from './import-unmanaged.js';
export { type ConvergeOptions, InfluxMirror } from './influx-mirror.js';
export type { MetadataSource, SourceEvents } from './metadata-source.js';
export type { InfluxMirrorEvents } from './mirror-events.js';
export type { OfflineServerOptions } from './offline/server-paths.js';
export type { OfflineReport } from './offline/stopped-server.js';
export type { PasswordSource } from './plan/password-comparer.js';
export type { Confirmable, Finding, Findings, Plan, SnapshotFailure, Step } from './plan/plan.js';
export {
  type ProvisionedMetadata,
  type ProvisionMetadataOptions,
  provisionMetadata,
} from './provision/provision-metadata.js';
export {
  type ProvisionReport,
  type ProvisionServerOptions,
  provisionServer,
} from './provision/provision-server.js';
export { type ReadInfluxMetadataOptions, readInfluxMetadata } from './read/read-influx-metadata.js';
export type { Rebuilt } from './recover/rebuild-metadata.js';
export {
  type RecoverServerOptions,
  type RecoveryReport,
  recoverServer,
} from './recover/recover-server.js';
export type { PolicySource, RecoveredPolicy, RecoveryFinding } from './recover/recovery-report.js';
export type { Action, PolicyValues } from './statements/action.js';
export { describeItem, type Item, type ItemKind } from './statements/item.js';
export { influxqlOf } from './statements/statement.js';
