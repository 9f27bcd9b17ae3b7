import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { CfluxError } from '../../errors.js';
import type { Route } from '../../protocol/routes.js';
import type { Requester } from '../audit.js';
import { header } from './request-headers.js';
import { missingScope, permitting } from './scopes.js';
import type { Bearer, TokenSource } from './tokens.js';

/** Identifies the requester, and the clusters that it may see. */
export interface Access {
  readonly requester: Requester;
  readonly maySee: (cluster: string) => boolean;
  /** The request may come from a node. */
  readonly isNode: boolean;
  /** The bearer has the scope `admin`. */
  readonly isAdmin: boolean;
  /** Its token; undefined if the manager requires none. */
  readonly bearer?: Bearer;
}

/**
 * Authorizes a request before any of its body is read.
 *
 * @throws `UNAUTHORIZED`, `FORBIDDEN`.
 */
export async function accessOf(
  request: IncomingMessage,
  route: Route | undefined,
  tokens: TokenSource,
): Promise<Access> {
  const remote = request.socket.remoteAddress;
  if (route !== undefined && permitting[route.name].length === 0)
    return { requester: { remote }, maySee: () => false, isNode: false, isAdmin: false };
  const token = /^Bearer +([^\s]+) *$/i.exec(header(request, 'Authorization') ?? '')?.[1];
  if (token === undefined)
    throw unauthorized('the request has no token: this manager requires Authorization: Bearer <token>');
  const bearer = await tokens.find(token);
  if (bearer === undefined)
    throw unauthorized('the token is unknown or was removed: use a token of this manager');
  if (route !== undefined) check(bearer, route);
  const { name, cluster: only } = bearer;
  return {
    requester: { remote, author: name },
    maySee: (cluster) => only === undefined || only === cluster,
    isNode: bearer.scopes.includes('node') || bearer.scopes.includes('admin'),
    isAdmin: bearer.scopes.includes('admin'),
    bearer,
  };
}

/** Without tokens every client may do everything, under the name in its client certificate if it has one. */
export function openAccess({ socket }: IncomingMessage): Access {
  const remote = socket.remoteAddress;
  const author = certificateName(socket);
  return {
    requester: author === undefined ? { remote } : { remote, author },
    maySee: everything,
    isNode: true,
    isAdmin: true,
  };
}

const everything = () => true;

function check({ name, scopes, cluster }: Bearer, route: Route): void {
  const oneOf = permitting[route.name];
  if (!oneOf.some((scope) => scopes.includes(scope)))
    throw forbidden(`the token ${JSON.stringify(name)} ${missingScope(oneOf)}`);
  if (cluster === undefined) return;
  const asked = 'cluster' in route ? route.cluster : undefined;
  const isForAll = asked === undefined && route.name === 'metrics';
  if (isForAll || (asked !== undefined && asked !== cluster)) {
    throw forbidden(`the token ${JSON.stringify(name)} is restricted to another cluster`);
  }
}

/** The common name in a verified client certificate. */
function certificateName(socket: IncomingMessage['socket']): string | undefined {
  if (!isTls(socket) || !socket.authorized) return undefined;
  const name = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : undefined;
}

const isTls = (socket: IncomingMessage['socket']): socket is TLSSocket => 'getPeerCertificate' in socket;

const unauthorized = (message: string) => new CfluxError('UNAUTHORIZED', message, { outcome: 'notApplied' });
const forbidden = (message: string) => new CfluxError('FORBIDDEN', message, { outcome: 'notApplied' });
