import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { ClientConnection, Requester } from '../audit.js';
import type { Access } from './access.js';

/**
 * Records which node each connection belongs to: the one that registered, or sent a heartbeat, on it. This distinguishes legacy clients,
 * whose pushes do not identify them (R26). A connection on which several nodes did so is that of a proxy, and identifies none of them.
 */
export class ClientConnections {
  readonly #nodes = new WeakMap<Socket, number | 'several'>();

  /** A node registered, or sent a heartbeat, on the connection of this request. */
  belongsTo({ socket }: IncomingMessage, nodeId: number): void {
    const known = this.#nodes.get(socket);
    if (known !== nodeId) this.#nodes.set(socket, known === undefined ? nodeId : 'several');
  }

  /** Returns the requester of a push, or of a poll, with its connection. */
  requesterOf({ socket }: IncomingMessage, { requester }: Access): Requester {
    return { ...requester, connection: this.#of(socket) };
  }

  #of(socket: Socket): ClientConnection | undefined {
    const port = socket.remotePort;
    if (port === undefined) return undefined;
    const node = this.#nodes.get(socket);
    if (node === 'several') return { port, isShared: true };
    return { port, nodeId: node, isShared: false };
  }
}
