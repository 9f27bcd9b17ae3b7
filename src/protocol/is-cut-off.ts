import type { IncomingMessage } from 'node:http';

/** Returns whether the client has disconnected within the body of its request, which then emits no more events. */
export const isCutOff = (request: IncomingMessage): boolean => request.destroyed && !request.readableEnded;
