import type { Transport } from '../../../../src/transport/transport.js';

/** `inner` with calls of one's own making, which are handed the call they stand for. */
export function wire(
  inner: Transport,
  calls: {
    readonly [Name in 'register' | 'heartbeat' | 'push' | 'poll']?: (
      send: Transport[Name],
    ) => Transport[Name];
  },
): Transport {
  const bound: Transport = {
    endpoint: inner.endpoint ?? 'wire',
    register: (request, options) => inner.register(request, options),
    heartbeat: (request, options) => inner.heartbeat(request, options),
    deregister: (request, options) => inner.deregister(request, options),
    nodes: (request, options) => inner.nodes(request, options),
    push: (request, options) => inner.push(request, options),
    poll: (request, options) => inner.poll(request, options),
  };
  return {
    ...bound,
    ...(calls.register ? { register: calls.register(bound.register) } : {}),
    ...(calls.heartbeat ? { heartbeat: calls.heartbeat(bound.heartbeat) } : {}),
    ...(calls.push ? { push: calls.push(bound.push) } : {}),
    ...(calls.poll ? { poll: calls.poll(bound.poll) } : {}),
  };
}

/** Nothing comes by itself: held polls never get a response. Explicit requests do. */
export const deaf = (inner: Transport): Transport =>
  wire(inner, {
    poll: (send) => (request, options) =>
      request.wait > 0 ? silence(options?.signal) : send(request, options),
  });

/** Never settles; rejects with the signal's reason. */
export function silence(signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** A request and what came of it. */
export interface WireNote {
  readonly call: 'register' | 'heartbeat' | 'push' | 'poll';
  readonly request: unknown;
  answer?: unknown;
}

/** `inner`, noting every request in `notes`. */
export function noting(inner: Transport, notes: WireNote[]): Transport {
  const noted =
    <Request, Options, Answer>(call: WireNote['call']) =>
    (send: (request: Request, options?: Options) => Promise<Answer>) =>
    async (request: Request, options?: Options) => {
      const note: WireNote = { call, request };
      notes.push(note);
      note.answer = await send(request, options);
      return note.answer as Answer;
    };
  return wire(inner, {
    register: noted('register'),
    heartbeat: noted('heartbeat'),
    push: noted('push'),
    poll: noted('poll'),
  });
}
