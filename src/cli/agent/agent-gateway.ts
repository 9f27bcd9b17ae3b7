import type { SecretSource } from '../../gateway/credentials/login-judge.js';
import type { MadeUser } from '../../gateway/credentials/server-users.js';
import { createGateway, type Gateway } from '../../gateway/gateway.js';
import type { GatewayEvents, GatewayStatement } from '../../gateway/gateway-events.js';
import type { GatewayOptions } from '../../gateway/gateway-options.js';
import type { TlsSources } from '../../tls-credentials.js';
import type { AgentLog } from './agent-log.js';

export interface AgentGatewayOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsSources;
  readonly wait?: 'own' | 'all';
  readonly jwtSecret?: SecretSource;
  readonly refuseBrowsers?: boolean;
  readonly hostNames?: readonly string[];
}

/** The gateway of an agent: exists before it listens, so that it can be observed from the beginning. */
export class AgentGateway {
  readonly #options: AgentGatewayOptions & Pick<GatewayOptions, 'client' | 'mirror' | 'onLoad'>;
  readonly #log: AgentLog;
  readonly #observers: ((gateway: Gateway) => void)[] = [];
  #gateway: Gateway | undefined;

  constructor(
    options: AgentGatewayOptions & Pick<GatewayOptions, 'client' | 'mirror' | 'onLoad'>,
    log: AgentLog,
  ) {
    this.#options = options;
    this.#log = log;
  }

  /** The URL while it listens. */
  get url(): string | undefined {
    return this.#gateway?.url;
  }

  /** Calls `listener` at every event `name`; to be called before {@link start}. */
  on<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (...payload: GatewayEvents[Name]) => void,
  ): void {
    this.#observers.push((gateway) => gateway.on(name, listener));
  }

  /** @throws CfluxError as `createGateway` */
  async start(): Promise<void> {
    const warn = (message: string) =>
      this.#log.notify('certificate', `gateway: ${message}`, { peer: 'gateway' });
    this.#gateway = await createGateway({ ...this.#options, warn });
    for (const observe of this.#observers) observe(this.#gateway);
    this.#gateway.on('statement', (statement) => this.#logStatement(statement));
    this.#gateway.on('user', (made) => this.#logUser(made));
    this.#log.notify('gateway', `gateway before ${this.#options.mirror.url} on ${this.#gateway.url}`, {
      url: this.#gateway.url,
    });
  }

  async close(): Promise<void> {
    await this.#gateway?.close();
  }

  #logUser(made: MadeUser): void {
    const { user, action, milliseconds } = made;
    const outcome = action === 'made' ? 'made on the server' : 'got its password on the server';
    const text = `user ${JSON.stringify(user)}  ${outcome} in ${milliseconds.toFixed(1)} ms, at a login`;
    this.#log.notify('user', text, { ...made });
  }

  #logStatement(record: GatewayStatement): void {
    const { statement, user = '-', address, version, milliseconds, error } = record;
    const place = version === undefined ? '' : ` version ${version}`;
    const outcome = error === undefined ? 'executed' : `failed (${error})`;
    const text = `statement ${statement}  ${outcome}${place} in ${milliseconds.toFixed(1)} ms for ${user} at ${address}`;
    this.#log.notify('statement', text, { ...record });
  }
}
