import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A response as it came off the wire; header names in lower case. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A connection that sends bytes as they are written here. */
export class RawClient {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake?.();
    });
    // Resets are what some of these requests are for.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#ended = true;
      this.#wake?.();
    });
    onTestFinished(() => {
      socket.destroy();
    });
  }

  static async connect(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return client;
  }

  /** Bytes that came and were not read yet. */
  get pending(): number {
    return this.#received.byteLength;
  }

  /** Writes lines joined by CRLF, then the empty line, then the body. */
  send(lines: readonly string[], body: string | Uint8Array = ''): void {
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    if (body.length > 0) this.socket.write(body);
  }

  /** The status of the first response as soon as its line has come, whatever follows; rejects when the connection ends before. */
  async status(): Promise<number> {
    for (;;) {
      const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(this.#received.toString('latin1', 0, 20)) ?? [];
      if (status !== undefined) return Number(status);
      if (this.#ended) throw new Error('the connection ended without a response');
      await this.#more();
    }
  }

  /** The next complete response; rejects if the connection ends before. */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const parsed = parse(this.#received);
      if (parsed !== undefined) {
        this.#received = parsed.rest;
        return parsed.answer;
      }
      if (this.#ended) throw new Error(`the connection ended after ${this.#received.toString('latin1')}`);
      await this.#more();
    }
  }

  /** Resolves when the other side has closed the connection. */
  async closed(): Promise<void> {
    while (!this.#ended) await this.#more();
  }

  async #more(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

function parse(bytes: Buffer): { answer: RawAnswer; rest: Buffer } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const status = Number(statusLine.split(' ')[1]);
  if (status === 100) return parse(bytes.subarray(end + 4));
  const start = end + 4;
  const length = Number(headers['content-length'] ?? 0);
  if (bytes.byteLength < start + length) return undefined;
  return {
    answer: { status, headers, body: bytes.subarray(start, start + length) },
    rest: bytes.subarray(start + length),
  };
}
