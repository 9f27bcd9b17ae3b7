import { request as begin, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A statement that a proxy holds back. */
export interface Held {
  /** Resolves when the statement has arrived. */
  readonly reached: Promise<void>;
  /** Passes it on. */
  release(): void;
}

/** A proxy before a server that can hold back one statement, so that something else happens before it. */
export interface HoldingProxy {
  readonly url: string;
  /** The statements that were passed on, in their order. */
  readonly statements: readonly string[];
  /** Holds back the next statement that matches. */
  hold(statement: RegExp): Held;
  close(): Promise<void>;
}

export async function holdingProxy(target: string): Promise<HoldingProxy> {
  const statements: string[] = [];
  let held:
    | { readonly statement: RegExp; readonly reach: () => void; readonly released: Promise<void> }
    | undefined;
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(Buffer.from(piece));
    const body = Buffer.concat(pieces);
    const statement = new URLSearchParams(body.toString()).get('q') ?? '';
    if (held?.statement.test(statement)) {
      const { reach, released } = held;
      held = undefined;
      reach();
      await released;
    }
    statements.push(statement);
    const { method = 'GET', url = '/', headers } = request;
    const outgoing = begin(`${target}${url}`, { method, headers }, (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, incoming.headers);
      incoming.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    outgoing.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    statements,
    hold(statement) {
      let [reach, release] = [() => {}, () => {}];
      const reached = new Promise<void>((resolve) => {
        reach = resolve;
      });
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      held = { statement, reach, released };
      return { reached, release };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
