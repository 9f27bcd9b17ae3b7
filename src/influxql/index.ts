export type { BoundParameters, BoundValue } from './bound-parameters.js';
export { continuousQueryText, type QueryPlace } from './continuous-query-text.js';
export type { DroppedItem, OrderDrop } from './execute/context.js';
export {
  executeQuery,
  type QueryOptions,
  type QueryResponse,
} from './execute/execute-query.js';
export type { HashPassword } from './execute/prepare-statements.js';
export type { QueryResult } from './execute/result-of.js';
export type { ActingUser, MutationTarget, QueryTarget, RunOptions } from './execute/run-statements.js';
export type { Cell, Series } from './execute/series.js';
export { formatCsv } from './format-csv.js';
export { formatResponse } from './format-response.js';
export { parseStatements } from './parse-statements.js';
export type { NumberForm } from './print/print-number.js';
export type { PrintOptions } from './print/print-select.js';
export { printStatement } from './print/print-statement.js';
export type { Databases } from './qualify-select.js';
export { requiredPrivileges } from './required-privileges.js';
export { sameQueryText } from './same-query-text.js';
export type { Expression, Fill, Measurement, Operand, SelectStatement, Source } from './select.js';
export { type StatementSlice, splitStatements } from './split-statements.js';
export type {
  ClusterStatement,
  ContinuousQueryStatement,
  DatabaseOptions,
  GrantLevel,
  MetadataRead,
  PlacedStatement,
  PolicyOptions,
  ServerStatement,
  Statement,
} from './statement.js';
export { type WrittenSchema, writeSchema } from './write-schema.js';
