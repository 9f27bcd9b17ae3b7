import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** Bytes of the exchanges of one kind: what went to the server, and what came back. */
export interface Traffic {
  sent: number;
  received: number;
  exchanges: number;
}

/** A proxy that counts bytes by the method of the request that they belong to. */
export class TrafficProxy {
  readonly url: string;
  readonly #close: () => void;
  readonly #byMethod = new Map<string, Traffic>();

  private constructor(url: string, close: () => void) {
    this.url = url;
    this.#close = close;
  }

  static async start(target: string): Promise<TrafficProxy> {
    const { hostname, port } = new URL(target);
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const upstream = connect(Number(port), hostname);
      let current: Traffic | undefined;
      sockets.add(client);
      for (const socket of [client, upstream]) {
        socket.setNoDelay(true);
        socket.on('error', () => {
          client.destroy();
          upstream.destroy();
        });
      }
      client.on('data', (bytes) => {
        const method = /^([A-Z]+) \/\S* HTTP\/1\.1\r\n/.exec(bytes.toString('latin1', 0, 400))?.[1];
        if (method !== undefined) {
          current = proxy.of(method);
          current.exchanges += 1;
        }
        if (current !== undefined) current.sent += bytes.length;
        upstream.write(bytes);
      });
      upstream.on('data', (bytes) => {
        if (current !== undefined) current.received += bytes.length;
        client.write(bytes);
      });
      client.on('close', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address() as AddressInfo;
    const proxy = new TrafficProxy(`http://127.0.0.1:${address.port}`, () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return proxy;
  }

  of(method: string): Traffic {
    const known = this.#byMethod.get(method);
    if (known !== undefined) return known;
    const traffic = { sent: 0, received: 0, exchanges: 0 };
    this.#byMethod.set(method, traffic);
    return traffic;
  }

  reset(): void {
    for (const traffic of this.#byMethod.values())
      Object.assign(traffic, { sent: 0, received: 0, exchanges: 0 });
  }

  close(): void {
    this.#close();
  }
}
