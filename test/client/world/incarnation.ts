import type { NodeStorage } from '../../../src/client/local/node-directory.js';
import type { Clock } from '../../../src/clock.js';
import type { CallOptions, Transport } from '../../../src/transport/transport.js';

/** What is between one life of a process and the world: once it is killed, nothing gets in or out any more. */
export class Incarnation {
  #alive = true;

  get alive(): boolean {
    return this.#alive;
  }

  kill(): void {
    this.#alive = false;
  }

  /** Never responds to a dead process. */
  async #guard<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#alive) return new Promise<never>(() => undefined);
    const settled = await work().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if (!this.#alive) return new Promise<never>(() => undefined);
    if ('error' in settled) throw settled.error;
    return settled.value;
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, callback) => clock.after(ms, () => this.#alive && callback()),
    };
  }

  storage(storage: NodeStorage): NodeStorage {
    return {
      read: (name) => this.#guard(() => storage.read(name)),
      write: (name, content) => this.#guard(() => storage.write(name, content)),
      pathOf: (name) => storage.pathOf(name),
    };
  }

  /** Requests that are on their way when the process dies arrive all the same. */
  transport(transport: Transport): Transport {
    const guard =
      <Request, Answer>(send: (request: Request, options?: CallOptions) => Promise<Answer>) =>
      (request: Request, options?: CallOptions) =>
        this.#guard(() => send(request, options));
    return {
      endpoint: transport.endpoint ?? 'world',
      register: guard(transport.register),
      heartbeat: guard(transport.heartbeat),
      deregister: guard(transport.deregister),
      nodes: guard(transport.nodes),
      ...(transport.waitForNodes && { waitForNodes: guard(transport.waitForNodes) }),
      push: guard(transport.push),
      poll: guard(transport.poll),
      ...(transport.dropOrders && { dropOrders: guard(transport.dropOrders) }),
    };
  }
}
