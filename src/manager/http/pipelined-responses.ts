import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * When a connection is lost, Node emits `close` on the response whose turn it is. The responses to the requests behind it on the same
 * connection would hold their polls, turns and bytes as if their clients were there: `close` is emitted on them here.
 */
export class PipelinedResponses {
  readonly #waiting = new WeakMap<Socket, Set<ServerResponse>>();

  /** The response emits `close` once at least. */
  watch(socket: Socket, response: ServerResponse): void {
    const responses = this.#waiting.get(socket) ?? this.#begin(socket);
    responses.add(response);
    response.once('close', () => responses.delete(response));
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
    // After Node's own listener, which may have been added later.
    socket.once('close', () => process.nextTick(closeAll));
    return responses;
  }
}
