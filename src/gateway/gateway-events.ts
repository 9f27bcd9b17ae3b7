import type { GatewayLogin } from './credentials/access.js';
import type { MadeUser } from './credentials/server-users.js';
import type { StatementRecord } from './statements/run-request.js';

/** What a gateway did with a request. */
export type RequestClass =
  /** Passed to the server. */
  | 'passed'
  /** Executed on the cluster, at least in part. */
  | 'executed'
  /** Refused by the gateway, or not executed because of an error in it. */
  | 'refused';

/** One statement for the cluster, as a gateway executed it. */
export interface GatewayStatement extends StatementRecord {
  /** The user: verified if the server requires authentication, otherwise the name in the request; absent if there is none. */
  readonly user?: string;
  /** Address of the client. */
  readonly address: string;
}

/** The events of a gateway with their payloads. */
export interface GatewayEvents {
  /** A statement for the cluster was executed, or failed. */
  statement: [GatewayStatement];
  /** The gateway has decided about a request; `added` are the milliseconds that it took itself. */
  request: [{ readonly class: RequestClass; readonly added: number }];
  /** The gateway waited for the manager or the server, to execute a statement. */
  wait: [{ readonly peer: 'manager' | 'server'; readonly milliseconds: number }];
  /** A login was judged; with its address. */
  login: [GatewayLogin];
  /** A user was made or renewed on the server, at a login. */
  user: [MadeUser];
}

// An object, so that the type checker requires every name.
const names: Readonly<Record<keyof GatewayEvents, true>> = {
  statement: true,
  request: true,
  wait: true,
  login: true,
  user: true,
};

export const gatewayEventNames = Object.keys(names) as readonly (keyof GatewayEvents)[];
