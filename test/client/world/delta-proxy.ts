import type { PollResult, PushRequest, Transport } from '../../../src/transport/transport.js';

/**
 * What a proxy does to a delta: removes its bytes, cuts it in half, puts the last delta of any node in its place, or sends the node's
 * previous one again.
 */
export const tamperings = ['drop', 'cut', 'swap', 'replay'] as const;
export type Tampering = (typeof tamperings)[number];

type DeltaResponse = PollResult & { readonly kind: 'delta' };

/** A transport of a release without deltas. */
export const snapshotsOnly = (transport: Transport): Transport => ({
  ...transport,
  push: ({ delta: _, acceptsDelta: __, ...request }, options) => transport.push(request, options),
  poll: ({ acceptsDelta: _, ...request }, options) => transport.poll(request, options),
});

/** Sends each request to one of `transports`. */
export function balanced(transports: readonly Transport[], pick: () => number): Transport {
  const next = () => {
    const chosen = transports[Math.floor(pick() * transports.length)];
    if (chosen === undefined) throw new Error('a balancer needs transports');
    return chosen;
  };
  return {
    endpoint: 'balancer',
    register: (request, options) => next().register(request, options),
    heartbeat: (request, options) => next().heartbeat(request, options),
    deregister: (request, options) => next().deregister(request, options),
    nodes: (request, options) => next().nodes(request, options),
    push: (request, options) => next().push(request, options),
    poll: (request, options) => next().poll(request, options),
    dropOrders: async (request, options) => {
      const { dropOrders } = next();
      if (dropOrders === undefined) throw new Error('a manager of this world has drop orders');
      return dropOrders(request, options);
    },
  };
}

/** Is between a node and its manager, and tampers with single deltas in both directions (R29). */
export class DeltaProxy {
  readonly transport: Transport;
  readonly #inner: Transport;
  /** The deltas of all nodes, newest last. */
  readonly #seen: Uint8Array[];
  readonly #next: Tampering[] = [];
  #lastPushed: Uint8Array | undefined;
  #lastPolled: DeltaResponse | undefined;

  /** @param seen shared by all proxies of a world */
  constructor(inner: Transport, seen: Uint8Array[]) {
    this.#inner = inner;
    this.#seen = seen;
    this.transport = {
      ...inner,
      push: (request, options) => inner.push(this.#pushed(request), options),
      poll: (request, options) => this.#poll(request, options),
    };
  }

  /** Tampers with the next delta, in whichever direction it goes. */
  tamperNext(how: Tampering): void {
    this.#next.push(how);
  }

  forget(): void {
    this.#next.length = 0;
  }

  /** The digest stays that of the request: a digest that was replaced too would not be detectable. */
  #pushed(request: PushRequest): PushRequest {
    const { delta } = request;
    if (delta === undefined) return request;
    const how = this.#next.shift();
    const bytes = this.#tampered(delta.bytes, how, this.#lastPushed);
    this.#lastPushed = delta.bytes;
    return { ...request, delta: { ...delta, bytes } };
  }

  async #poll(...call: Parameters<Transport['poll']>): Promise<PollResult> {
    const answer = await this.#inner.poll(...call);
    if (answer.kind !== 'delta') return answer;
    const how = this.#next.shift();
    const last = this.#lastPolled;
    this.#lastPolled = answer;
    if (how === 'replay' && last !== undefined) return last;
    return { ...answer, delta: this.#tampered(answer.delta, how, last?.delta) };
  }

  #tampered(bytes: Uint8Array, how: Tampering | undefined, last: Uint8Array | undefined): Uint8Array {
    const other = this.#seen.at(-1);
    this.#seen.push(bytes);
    if (this.#seen.length > 2) this.#seen.shift();
    if (how === 'drop') return new Uint8Array();
    if (how === 'cut') return bytes.subarray(0, bytes.length >> 1);
    return (how === 'swap' ? other : how === 'replay' ? last : undefined) ?? bytes;
  }
}
