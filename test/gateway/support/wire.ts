import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** One end of a connection, in bytes, with one character for each. */
export class Wire {
  readonly socket: Socket;
  received = '';
  #isEnded = false;
  #failure: string | undefined;
  readonly #waiting = new Set<() => void>();

  /** @param respond returns the response to bytes that are not to be seen */
  constructor(socket: Socket, respond: (text: string) => string | undefined = () => undefined) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      const response = respond(text);
      if (response === undefined) this.received += text;
      else socket.write(response, 'latin1');
      this.#wake();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = error.code;
    });
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
  }

  /** Why the connection was broken; `undefined` if it was ended in order, or is open. */
  get failure(): string | undefined {
    return this.#failure;
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Resolves as soon as `text` has been received. */
  async until(text: string): Promise<string> {
    while (!this.received.includes(text)) {
      if (this.#isEnded)
        throw new Error(`the connection ended before ${JSON.stringify(text)}: ${this.received}`);
      await this.#change();
    }
    return this.received;
  }

  /** Resolves when the other end has closed the connection, with all that was received. */
  async ended(): Promise<string> {
    while (!this.#isEnded) await this.#change();
    return this.received;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Connects to the server at `url`. */
export async function wireTo(url: string): Promise<Wire> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const wire = new Wire(socket);
  onTestFinished(() => {
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return wire;
}

/** A server of bytes: the test reads and writes each of its connections. */
export interface WireServer {
  readonly url: string;
  /** The connections so far. */
  readonly wires: readonly Wire[];
  /** Resolves with the connection that has received `text`, now or later. */
  with(text: string): Promise<Wire>;
}

/** A gateway asks whether its server requires credentials: this one does not. */
const openServer = (text: string) =>
  text.startsWith('GET /query?q=SHOW+DATABASES HTTP/1.1\r\n') && !text.includes('X-Forwarded-For')
    ? 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
    : undefined;

export async function wireServer(): Promise<WireServer> {
  const wires: Wire[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  const server = createServer((socket) => {
    wires.push(new Wire(socket, openServer));
    socket.on('data', wake);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  onTestFinished(() => {
    for (const { socket } of wires) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${port}`,
    wires,
    async with(text) {
      for (;;) {
        const found = wires.find(({ received }) => received.includes(text));
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
  };
}
