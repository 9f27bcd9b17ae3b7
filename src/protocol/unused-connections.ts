import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The connections of a server on which no byte of a request has arrived, such as connections that browsers and connection pools open
 * ahead of need. Node does not count them as idle, so a server that closes would wait for them.
 */
export class UnusedConnections {
  readonly #sockets = new Set<Socket>();

  /** Must be created before the server listens. */
  constructor(server: Server) {
    const add = (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    };
    server.on('connection', add);
    // With TLS, the handshake has sent bytes on the connection below this one.
    server.on('secureConnection', add);
    server.prependListener('request', ({ socket }) => this.#sockets.delete(socket));
  }

  /** Closes all of them. */
  close(): void {
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
  }
}
