import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The responses of a connection that are not closed yet. */
const watched = Symbol('watched responses');

/** They are kept on the connection itself, because looking up one of ten thousand in a `WeakMap` costs more than all the rest here. */
interface WatchedSocket extends Socket {
  [watched]?: Set<ServerResponse>;
}

/**
 * Ensures that `response` emits `close`, and calls `closed` then, once.
 *
 * When a connection is lost, Node emits `close` only on the response that is currently being sent. The responses to the requests behind
 * it on the same connection would keep their polls, tickets and bytes as if their clients were still connected: this emits `close` on
 * them.
 */
export function ensureClose(socket: WatchedSocket, response: ServerResponse, closed?: () => void): void {
  const responses = socket[watched] ?? watch(socket);
  responses.add(response);
  // Not `once`: removing the listener is more expensive than all the rest here.
  response.on('close', () => {
    if (responses.delete(response)) closed?.();
  });
}

function watch(socket: WatchedSocket): Set<ServerResponse> {
  const responses = new Set<ServerResponse>();
  socket[watched] = responses;
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
