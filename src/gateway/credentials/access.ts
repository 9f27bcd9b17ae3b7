import type { IncomingMessage } from 'node:http';
import { CfluxError, isCfluxError } from '../../errors.js';
import { type Credentials, readCredentials } from './credentials.js';
import type { Actor, Judgement, LoginJudge } from './login-judge.js';
import type { AuthenticationMode, ServerAuthentication } from './server-authentication.js';
import type { ServerUsers } from './server-users.js';

/** What a request may do. */
export type Access =
  /** The server requires no credentials. */
  | { readonly kind: 'open' }
  /** This node has not joined its cluster: the server judges, and nothing is executed on the cluster. */
  | { readonly kind: 'unjoined' }
  /** Without credentials, or in a cluster without users: the server judges. */
  | { readonly kind: 'anonymous' }
  /** Verified, and the server has the user. */
  | { readonly kind: 'user'; readonly actor: Actor }
  /** Wrong credentials at a path for which the server may not read them: it passes without them. */
  | { readonly kind: 'stripped' }
  /** `text` with 401 is the server's own. */
  | { readonly kind: 'refused'; readonly status: 400 | 401 | 503; readonly text: string };

/** A login at a gateway before a server that requires authentication. */
export interface GatewayLogin {
  /** `limited`: not verified, because there were too many wrong passwords for this user from this address. */
  readonly result: 'verified' | 'refused' | 'limited';
  /** The user name, verified only if the login was; absent if a token has none. */
  readonly user?: string;
  /** Address of the client. */
  readonly address: string;
  /** Milliseconds that bcrypt took; absent if the password was known. */
  readonly computing?: number;
}

export interface AccessControlParts {
  readonly authentication: ServerAuthentication;
  readonly judge: LoginJudge;
  readonly users: ServerUsers;
  readonly hasJoined: () => boolean;
  /** Resolves with whether the cluster has no user. */
  readonly isWithoutUsers: () => Promise<boolean>;
  readonly serverVersion: () => string | undefined;
  readonly serverUrl: string;
  readonly onLogin: (login: GatewayLogin) => void;
}

/** Paths for which a server verifies credentials, by method. */
const verified: readonly (readonly [path: RegExp, methods: RegExp])[] = [
  [/^\/query$/, /^(GET|POST)$/],
  [/^\/write$/, /^POST$/],
  [/^\/api\/v1\/prom\/(read|write)$/, /^POST$/],
  [/^\/api\/v2\/(write|query|delete)$/, /^POST$/],
  [/^\/api\/v2\/buckets/, /^(GET|POST|PATCH|DELETE)$/],
];

const isVerified = (path: string, method = '') =>
  verified.some(([paths, methods]) => paths.test(path) && methods.test(method));

/** The server can be neither read nor changed, so that it is not known whether it has the user; the server decides. */
const ofAgent: ReadonlySet<string> = new Set([
  'UNAUTHORIZED',
  'FORBIDDEN',
  'METADATA_LOST',
  'DIRECTORY_LOCKED',
  'STORAGE_FAILED',
  'NOT_OPEN',
]);

/** Decides what requests may do: by the users of the cluster if the server requires credentials. */
export class AccessControl {
  readonly #parts: AccessControlParts;

  constructor(parts: AccessControlParts) {
    this.#parts = parts;
  }

  /** Returns the access of every request without judging it, if the server is known to require no credentials. */
  get known(): Access | undefined {
    return this.#parts.authentication.known === 'off' ? open : undefined;
  }

  async of(request: IncomingMessage, path: string, search: string): Promise<Access> {
    const { authentication, serverVersion, hasJoined } = this.#parts;
    const mode = authentication.known === 'on' ? 'on' : await authentication.mode();
    if (mode === 'off') return open;
    if (!hasJoined()) return { kind: 'unjoined' };
    const credentials = readCredentials(request.headers, search, serverVersion());
    const access = await this.#judged(credentials, request.socket.remoteAddress ?? '', mode);
    if (access.kind !== 'refused' || access.status === 400) return access;
    if (!isVerified(path, request.method)) return { kind: 'stripped' };
    // A client must not lose data because a server is being restarted.
    return access.status === 401 && mode === 'unknown' ? this.#unreachable() : access;
  }

  /** The server refused a login that the cluster accepts. */
  refusedByServer({ name, password }: Actor): Extract<Access, { kind: 'refused' }> {
    this.#parts.users.forget(name);
    const secret = password === undefined ? ', whose shared-secret must be that of --jwt-secret-file' : '';
    return unavailable(
      `InfluxDB at ${this.#parts.serverUrl}${secret} refused a login that the cluster accepts; retry`,
    );
  }

  #unreachable(): Access {
    return unavailable(`InfluxDB at ${this.#parts.serverUrl} does not respond; retry`);
  }

  async #judged(credentials: Credentials, address: string, mode: AuthenticationMode): Promise<Access> {
    if (credentials.kind === 'none') return anonymous;
    if (credentials.kind === 'unreadable') return refused('unable to parse authentication credentials');
    if (credentials.kind === 'ambiguous') return { kind: 'refused', status: 400, text: rawSemicolon };
    // As a server without users, which does not look at credentials.
    if (mode === 'founding' && (await this.#parts.isWithoutUsers())) return anonymous;
    // A user that changes again and again is refused at last.
    for (let attempt = 1; ; attempt += 1) {
      const judgement = await this.#parts.judge.judge(credentials, address);
      this.#note(judgement, credentials, address);
      if (judgement.kind === 'refused') return refused(judgement.text);
      if (judgement.kind !== 'verified') return unavailable(judgement.text);
      const { actor } = judgement;
      const isThere = await this.#isOnServer(actor).catch((error: unknown) => CfluxError.from(error));
      if (isCfluxError(isThere) && !ofAgent.has(isThere.code)) return unavailable(isThere.message);
      if (isThere) return { kind: 'user', actor };
      if (attempt === 3) return unavailable('the user is being changed; retry');
    }
  }

  async #isOnServer(actor: Actor): Promise<boolean> {
    const { users } = this.#parts;
    return users.isReady(actor) || (await users.ensure(actor)) !== 'changed';
  }

  #note({ kind, computing, ...rest }: Judgement, credentials: Credentials, address: string): void {
    const name = 'actor' in rest ? rest.actor.name : 'name' in credentials ? credentials.name : undefined;
    const result = kind === 'failed' ? 'refused' : kind;
    this.#parts.onLogin({
      result,
      address,
      ...(name === undefined ? {} : { user: name }),
      ...(computing === undefined ? {} : { computing }),
    });
  }
}

const open: Access = { kind: 'open' };
const anonymous: Access = { kind: 'anonymous' };
const refused = (text: string): Access => ({ kind: 'refused', status: 401, text });
const unavailable = (text: string) => ({ kind: 'refused', status: 503, text }) as const;

/** The reason to refuse parameters that servers read in two ways. */
export const rawSemicolon =
  'the parameters contain a raw semicolon, which servers read in two ways: encode it as %3B';
