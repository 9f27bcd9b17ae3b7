import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * When a connection is lost, Node emits `close` only on the response that is currently being sent. The responses to the requests behind
 * it on the same connection would keep their polls, tickets and bytes as if their clients were still connected: this emits `close` on
 * them.
 */
export class PipelinedResponses {
  readonly #waiting = new WeakMap<Socket, Set<ServerResponse>>();

  /** Ensures that the response emits `close` at least once. */
  watch(socket: Socket, response: ServerResponse): void {
    const responses = this.#waiting.get(socket) ?? this.#begin(socket);
    responses.add(response);
  }

  /** The response emitted `close`. */
  closed(socket: Socket, response: ServerResponse): void {
    this.#waiting.get(socket)?.delete(response);
  }

  #begin(socket: Socket): Set<ServerResponse> {
    const responses = new Set<ServerResponse>();
    this.#waiting.set(socket, responses);
    const closeAll = () => {
      for (const response of responses) {
        response.destroy();
        response.emit('close');
      }
    };
    // Runs after Node's own listener, which may have been added later.
    socket.once('close', () => process.nextTick(closeAll));
    return responses;
  }
}
