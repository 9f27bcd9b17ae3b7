import type { ClusterStatement, MetadataRead } from '../../influxql/statement.js';
import type { UserInfo } from '../../meta/records.js';
import type { SharedRefresh } from '../shared-refresh.js';
import type { ClassifiedStatement } from '../statements/classify.js';
import type { Verdict } from '../statements/dry-run.js';
import type { Access, AccessControl } from './access.js';
import { type Authority, authorize, type Refusal, refusalFor } from './authority.js';
import { type AuthenticationMode, isFounding, type ServerAuthentication } from './server-authentication.js';

export interface PermissionsParts {
  readonly access: AccessControl;
  readonly authentication: ServerAuthentication;
  /** Resolves with the users of the cluster as this node has them. */
  readonly users: () => Promise<readonly UserInfo[]>;
  readonly refresh: SharedRefresh;
  /** Brings the server in sync with this node. */
  readonly catchUp: () => Promise<void>;
  readonly isOnline: () => boolean;
  /** The account of the agent on its server. */
  readonly account: string | undefined;
}

/** A request with a statement for the cluster, as the server would execute it. */
export interface Intent {
  readonly access: Access;
  readonly classified: readonly ClassifiedStatement[];
  /** The database of the request. */
  readonly database: string;
  readonly verdict: Verdict;
  /** Asks the server again. */
  readonly repeat: () => Promise<Verdict>;
}

/** Decides on whose behalf the statements of a request are executed, before the first of them is. */
export class Permissions {
  readonly #parts: PermissionsParts;

  constructor(parts: PermissionsParts) {
    this.#parts = parts;
  }

  async of(intent: Intent): Promise<Authority | Refusal> {
    const { access, verdict } = intent;
    const { status } = verdict.response;
    switch (access.kind) {
      case 'user':
        if (status === 401) return refusalOf(this.#parts.access.refusedByServer(access.actor));
        return this.#ofUser(intent, this.#authority(intent, { actor: access.actor }));
      case 'anonymous':
        return this.#ofAnonymous(intent);
      case 'unjoined':
        if ((status === 401 || status === 403) && !isFoundation(intent)) return refused(status, verdict);
        return this.#authority(intent, { obstacle: notJoined });
      default:
        if (status === 401 || status === 403) return outdated(await this.#askAgain());
        return this.#authority(intent, {});
    }
  }

  #authority({ database }: Intent, special: Partial<Authority>): Authority {
    const { account, authentication } = this.#parts;
    const isServerWithoutUsers = async () => (await authentication.ask()) === 'founding';
    return { database, account, isServerWithoutUsers, ...special };
  }

  /** Both must permit it: the cluster for its statements, the server for the others. Either may be a moment behind. */
  async #ofUser(intent: Intent, authority: Authority): Promise<Authority | Refusal> {
    const { refresh, catchUp } = this.#parts;
    let own = await this.#ownRefusal(intent, authority);
    if (own !== undefined) {
      await refresh.run();
      own = await this.#ownRefusal(intent, authority);
    }
    let { verdict } = intent;
    if (verdict.response.status === 403) {
      await catchUp().catch(() => {});
      verdict = await intent.repeat();
      if (verdict.response.status === 403) return refused(403, verdict);
    }
    return own ?? authority;
  }

  async #ownRefusal({ classified }: Intent, authority: Authority): Promise<Refusal | undefined> {
    try {
      authorize(await this.#parts.users(), clusterStatementsOf(classified), authority);
      return undefined;
    } catch (error) {
      return refusalFor(error);
    }
  }

  /** Nothing, except for the first administrator of a cluster without users. */
  async #ofAnonymous(intent: Intent): Promise<Authority | Refusal> {
    const { verdict } = intent;
    const { status } = verdict.response;
    if (status !== 401 && status !== 403) {
      // Its setting was not known while it did not respond, for example while it was restarted.
      const mode = await this.#askAgain();
      return mode === 'off' ? this.#authority(intent, {}) : outdated(mode);
    }
    if (!isFoundation(intent)) return refused(status, verdict);
    const { users, isOnline } = this.#parts;
    if ((await users()).length > 0)
      return { status: 401, text: 'unable to parse authentication credentials' };
    return this.#authority(intent, isOnline() ? { isFounder: true } : { obstacle: notOnline });
  }

  #askAgain(): Promise<AuthenticationMode> {
    const { authentication } = this.#parts;
    authentication.doubt();
    return authentication.ask();
  }
}

/** The server judged the request by another setting than the gateway. */
const outdated = (mode: AuthenticationMode): Refusal => ({
  status: 503,
  text:
    mode === 'unknown'
      ? 'the server does not respond any more, or is being restarted: it is not known whether it requires authentication; retry'
      : `the server was restarted and ${mode === 'off' ? 'does not require authentication any more' : 'requires authentication now'}; retry`,
});

/** Whether the request creates the first administrator of a server without users. */
function isFoundation({ classified: [first], verdict }: Intent): boolean {
  const createsAdmin =
    first?.by === 'cluster' && first.statement.kind === 'createUser' && first.statement.admin;
  return createsAdmin && verdict.response.status === 403 && isFounding(verdict.error ?? '');
}

const clusterStatementsOf = (classified: readonly ClassifiedStatement[]) =>
  classified.flatMap((each): readonly (ClusterStatement | MetadataRead)[] =>
    each.by === 'cluster' ? [each.statement] : [],
  );

const refused = (status: 401 | 403, { error = '' }: Verdict): Refusal => ({ status, text: error });

const refusalOf = ({ text }: { readonly text: string }): Refusal => ({ status: 503, text });

const notJoined =
  'cannot change the cluster: this node has not joined it yet; nothing was changed, retry when the manager is available';
const notOnline =
  'cannot create the first administrator: the manager is not available; nothing was changed, retry when it is';
