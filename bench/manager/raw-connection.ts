import { connect, type Socket } from 'node:net';

/** A keep-alive connection that only counts the bytes of responses, because the load must cost little. */
export class RawConnection {
  readonly #socket: Socket;
  #missing = 0;
  #head = '';
  #lastHead = '';
  #received: (() => void) | undefined;
  #lost: (reason: Error) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => {});
    socket.on('close', () => this.#lost(new Error('the server closed a connection')));
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawConnection(socket);
  }

  /** Sends a request; resolves when its response is complete, and rejects if the connection is lost before. */
  request(bytes: string | Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) throw new Error('the server closed a connection before a request');
      this.#received = resolve;
      this.#lost = reject;
      this.#socket.write(bytes);
    });
  }

  /** Names and values of the headers of the last response alternate, without those that Node adds and the length. */
  get lastHeaders(): readonly string[] {
    const [, ...lines] = this.#lastHead.split('\r\n');
    return lines.flatMap((line) => {
      const [, name = '', value = ''] = /^([^:]+): (.*)$/.exec(line) ?? [];
      return /^(date|connection|keep-alive|content-length)$/i.test(name) ? [] : [name, value];
    });
  }

  close(): void {
    this.#lost = () => {};
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    let bytes = chunk.byteLength;
    if (this.#missing === 0) {
      this.#head += chunk.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(this.#head)?.[1] ?? 0);
      bytes = this.#head.length - end - 4;
      this.#missing = length;
      this.#lastHead = this.#head.slice(0, end);
      this.#head = '';
    }
    this.#missing -= bytes;
    if (this.#missing === 0) this.#received?.();
  }
}

/** Many of them, a hundred at a time. */
export async function openConnections(url: string, count: number): Promise<RawConnection[]> {
  const connections: RawConnection[] = [];
  while (connections.length < count) {
    const batch = Array.from({ length: Math.min(100, count - connections.length) }, () =>
      RawConnection.open(url),
    );
    connections.push(...(await Promise.all(batch)));
  }
  return connections;
}
