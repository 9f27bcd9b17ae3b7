import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Lane, type LaneFault } from './tcp-proxy-lane.js';

export type { LaneFault } from './tcp-proxy-lane.js';

/** The direction of a fault: requests, responses, or both. */
export type ProxyDirection = 'toServer' | 'toClient' | 'both';

class Connection {
  readonly #sockets: readonly [Socket, Socket];
  readonly #lanes: Record<'toServer' | 'toClient', Lane>;

  constructor(client: Socket, server: Socket, faults: Faults) {
    this.#sockets = [client, server];
    this.#lanes = {
      toServer: new Lane(client, server, this, faults.toServer),
      toClient: new Lane(server, client, this, faults.toClient),
    };
  }

  impose(direction: 'toServer' | 'toClient', fault: LaneFault | undefined): void {
    this.#lanes[direction].impose(fault);
  }

  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
}

interface Faults {
  toServer: LaneFault | undefined;
  toClient: LaneFault | undefined;
}

/**
 * A TCP proxy that can be set to disturb its present and later connections, in each direction on
 * its own: delay, hold, swallow, truncate, reset, rewrite; all connections can be cut, and new ones refused.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #host: string;
  readonly #connections = new Set<Connection>();
  readonly #faults: Faults = { toServer: undefined, toClient: undefined };
  #target: URL;
  #refusing = false;
  /** Connections that were made so far. */
  accepted = 0;

  private constructor(target: URL, host: string) {
    this.#target = target;
    this.#host = host;
    // Half open: one side may end while the other still sends.
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  /** Stands before `target`, a URL with a port; `host` is the address that it listens on, at a free port. */
  static async start(target: string, host = '127.0.0.1'): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(target), host);
    proxy.#server.listen(0, host);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** As the target's, with the address of the proxy. */
  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed');
    return `${this.#target.protocol}//${this.#host}:${address.port}`;
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#connections.size;
  }

  /** New connections go to `target`, which may be another one than before. */
  pointTo(target: string): void {
    this.#target = new URL(target);
  }

  /** Does `fault` to every connection, also to those to come, until it is healed or gives way to another one. */
  impose(direction: ProxyDirection, fault: LaneFault): void {
    this.#set(direction, fault);
  }

  /** Resets every connection now; new ones are served. */
  cut(): void {
    for (const connection of this.#connections) connection.reset();
  }

  /** Resets every connection now, and each new one at once. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  /** Ends every fault. What was held arrives. */
  heal(): void {
    this.#refusing = false;
    this.#set('both', undefined);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }

  #set(direction: ProxyDirection, fault: LaneFault | undefined): void {
    for (const one of ['toServer', 'toClient'] as const) {
      if (direction !== one && direction !== 'both') continue;
      this.#faults[one] = fault;
      for (const connection of this.#connections) connection.impose(one, fault);
    }
  }

  #accept(client: Socket): void {
    this.accepted += 1;
    if (this.#refusing) {
      client.on('error', () => undefined).resetAndDestroy();
      return;
    }
    const server = connect({
      host: this.#target.hostname,
      port: Number(this.#target.port),
      allowHalfOpen: true,
    });
    for (const socket of [client, server]) socket.setNoDelay(true);
    const connection = new Connection(client, server, this.#faults);
    this.#connections.add(connection);
    // One whose client is gone may still have something to hand on.
    const forget = () => client.destroyed && server.destroyed && this.#connections.delete(connection);
    client.on('close', forget);
    server.on('close', forget);
  }
}
