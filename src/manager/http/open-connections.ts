import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The TLS connections of a server. A certificate is verified once per connection, so connections must end when the client authority
 * changes.
 */
export class OpenConnections {
  /** Number of pending responses per connection. */
  readonly #responses = new Map<Socket, number>();
  readonly #ending = new WeakSet<Socket>();

  constructor(server: Server) {
    server.on('secureConnection', (socket: Socket) => {
      this.#responses.set(socket, 0);
      socket.once('close', () => this.#responses.delete(socket));
    });
    server.prependListener('request', (request, response) => this.#track(request, response));
  }

  /** Ends idle connections now, and the others after their pending responses. */
  endAll(): void {
    for (const [socket, responses] of this.#responses) {
      this.#ending.add(socket);
      if (responses === 0) socket.end();
    }
  }

  #track({ socket }: IncomingMessage, response: ServerResponse): void {
    this.#add(socket, 1);
    if (this.#ending.has(socket)) response.shouldKeepAlive = false;
    response.once('close', () => {
      this.#add(socket, -1);
      if (this.#ending.has(socket) && this.#responses.get(socket) === 0) socket.end();
    });
  }

  #add(socket: Socket, change: 1 | -1): void {
    const responses = this.#responses.get(socket);
    if (responses !== undefined) this.#responses.set(socket, responses + change);
  }
}
