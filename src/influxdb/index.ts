export type { Action, PolicyValues } from './action.js';
export type { Survey } from './converger.js';
export {
  type ImportOptions,
  type ImportResult,
  type ImportTarget,
  importUnmanaged,
} from './import-unmanaged.js';
export { type ConvergeOptions, InfluxMirror, type InfluxMirrorEvents } from './influx-mirror.js';
export type { InfluxConnectionOptions, PasswordFunction } from './influx-options.js';
export { describeItem, type Item, type ItemKind } from './item.js';
export type { MetadataSource, SourceEvents } from './metadata-source.js';
export type { InfluxMirrorOptions } from './mirror-options.js';
export type { PasswordSource } from './password-comparer.js';
export type { Finding, Plan, SnapshotFailure, Step } from './plan.js';
export { type ReadInfluxMetadataOptions, readInfluxMetadata } from './read-influx-metadata.js';
export type { Report } from './report.js';
export { influxqlOf } from './statement.js';
