import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Route } from '../../protocol/routes.js';
import type { Manager } from '../manager.js';
import type { Access } from './access.js';
import type { BodyBytes } from './body-bytes.js';
import type { ClientConnections } from './client-connections.js';
import type { DeltaEncodings } from './delta-encodings.js';
import type { OpenRequest } from './open-request.js';
import type { PushCounts } from './push-counts.js';
import type { ReachedTimes } from './reached-times.js';
import type { SentBodies } from './sent-bodies.js';
import type { SnapshotEncodings } from './snapshot-encodings.js';
import type { TokenSource } from './tokens.js';
import type { UiFiles } from './ui-files.js';
import type { VersionForms } from './version-forms.js';

/** One request and its pending response. */
export interface Exchange {
  readonly manager: Manager;
  readonly encodings: SnapshotEncodings;
  readonly deltas: DeltaEncodings;
  /** The bytes of all request bodies. */
  readonly received: BodyBytes;
  /** The bodies of all responses. */
  readonly sent: SentBodies;
  readonly pushes: PushCounts;
  readonly forms: VersionForms;
  /** Undefined if the dashboard is not served. */
  readonly ui: UiFiles | undefined;
  /** Undefined if the dashboard is not served. */
  readonly reached: ReachedTimes | undefined;
  readonly connections: ClientConnections;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly access: Access;
  /** Undefined if the manager requires no token. */
  readonly tokens: TokenSource | undefined;
  /** Its signal aborts when the client disconnects or the server closes. */
  readonly open: OpenRequest;
}

/** The route type with the given name. */
export type RouteOf<Name extends Route['name']> = Extract<Route, { name: Name }>;

/** Handlers for some of the routes. */
export type RouteHandlers<Names extends Route['name']> = {
  readonly [Name in Names]: (exchange: Exchange, route: RouteOf<Name>) => Promise<void> | void;
};
