import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Route } from '../../protocol/routes.js';
import type { Asker } from '../audit.js';
import type { Manager } from '../manager.js';
import type { SnapshotEncodings } from './snapshot-encodings.js';

/** One request on its way to an answer. */
export interface Exchange {
  readonly manager: Manager;
  readonly encodings: SnapshotEncodings;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly asker: Asker;
  /** Whether the asker may see this cluster, in listings of all of them. */
  readonly maySee: (cluster: string) => boolean;
  /** The client went away, or the server closes. */
  readonly signal: AbortSignal;
}

/** The route with one name. */
export type RouteOf<Name extends Route['name']> = Extract<Route, { name: Name }>;

/** Answers the requests of some routes. */
export type RouteHandlers<Names extends Route['name']> = {
  readonly [Name in Names]: (exchange: Exchange, route: RouteOf<Name>) => Promise<void> | void;
};
