export { CfluxError, type CfluxErrorCode, isCfluxError, type Outcome } from './errors.js';
export type { NodeDescription, NodeInfo, Registered } from './protocol/nodes.js';
export type { BearerToken } from './transport/bearer-token.js';
export type { HttpTransportOptions, TlsOptions } from './transport/http-options.js';
export { HttpTransport } from './transport/http-transport.js';
export type { Call, RetryScheduleOptions } from './transport/retry-schedule.js';
export type {
  AnswerLost,
  CallOptions,
  ForeignEpoch,
  HeartbeatRequest,
  NodeRequest,
  PollRequest,
  PollResult,
  PushRequest,
  PushResult,
  RegisterRequest,
  Snapshot,
  Transport,
} from './transport/transport.js';
export { type RetryEvent, type RetryOptions, withRetry } from './transport/with-retry.js';
