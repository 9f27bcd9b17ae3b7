export type { GatewayLogin } from './credentials/access.js';
export type { SecretSource } from './credentials/login-judge.js';
export type { MadeUser } from './credentials/server-users.js';
export { createGateway, type Gateway } from './gateway.js';
export type { GatewayEvents, GatewayStatement, RequestClass } from './gateway-events.js';
export { type GatewayMetricsOptions, gatewayMetrics, type ObservedGateway } from './gateway-metrics.js';
export type { GatewayClient, GatewayOptions } from './gateway-options.js';
export type { MadeOrder } from './statements/cluster-writer.js';
export type { StatementRecord } from './statements/run-request.js';
