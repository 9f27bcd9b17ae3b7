import { withLinkedSignal } from '../../async/linked-signal.js';
import { pause } from '../../async/sleep.js';
import type { Clock } from '../../clock.js';
import { debugLog } from '../../debug-log.js';
import { CfluxError, isCfluxError } from '../../errors.js';
import type { NodeProgress } from '../../protocol/node-progress.js';
import type { NodeDescription } from '../../protocol/nodes.js';
import { nodeTimeToLive } from '../../protocol/times.js';
import type { Random } from '../../random.js';
import type { CallOptions, Transport } from '../../transport/transport.js';
import type { Emit } from '../observe/events.js';

const debug = debugLog('cflux:heartbeat');

/** Margin between the last attempt of a heartbeat and the expiry of the node, in milliseconds. */
const spare = 1_000;

/** Milliseconds within which early heartbeats are spread. */
const spread = 250;

export interface MembershipParts {
  readonly transport: Transport;
  readonly cluster: string;
  readonly describe: () => NodeDescription;
  /** Milliseconds between two heartbeats. */
  readonly interval: number;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Random id of this process. */
  readonly instance: string;
  /** Returns the held and the applied version of the node. */
  readonly progress: () => Omit<NodeProgress, 'instance'>;
  readonly random: Random;
  /** Returns the id that the node had in this cluster before its restart. */
  readonly knownId: () => number | undefined;
  readonly rememberId: (id: number | undefined) => Promise<void>;
  /** Called when the node was suspended for longer than its time to live. */
  readonly onSlept: () => void;
}

/** Keeps the node registered and alive: registers it, sends heartbeats, and registers again after its registration is lost (R9, R10). */
export class Membership {
  readonly #parts: MembershipParts;
  #joined = false;
  #lastHeartbeat: number | undefined;
  /** The last description that a manager accepted. */
  #described: string | undefined;
  lastHeartbeatAt: number | undefined;
  #early = new AbortController();

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  get nodeId(): number | undefined {
    return this.#parts.knownId();
  }

  /** When the manager last acknowledged the node, by the monotonic clock. */
  get lastHeartbeat(): number | undefined {
    return this.#lastHeartbeat;
  }

  /** Registers, with the node's previous id if it has one. */
  async join(signal: AbortSignal): Promise<void> {
    const id = this.#parts.knownId();
    if (id === undefined || !(await this.#heartbeat(id, signal))) await this.#register(signal);
    this.#joined = true;
  }

  /** Sends heartbeats until `signal` aborts. Never rejects, and never overlaps itself. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, emit, interval } = this.#parts;
    let failures = 0;
    while (!signal.aborted) {
      const due = clock.monotonic() + interval;
      if (this.#early.signal.aborted) this.#early = new AbortController();
      try {
        if (this.#joined) await this.#stayAlive(signal);
        else await this.join(signal);
        failures = 0;
      } catch (thrown) {
        if (signal.aborted) return;
        failures += 1;
        emit('heartbeatFailed', { error: CfluxError.from(thrown), failures });
      }
      const early = this.#early.signal;
      await withLinkedSignal([signal, early], (linked) =>
        pause(clock, Math.max(due - clock.monotonic(), 0), linked),
      );
      // Spread, because many nodes apply the same change at the same time.
      if (early.aborted && !signal.aborted) await pause(clock, spread * this.#parts.random(), signal);
    }
  }

  /** Sends the next heartbeat early, because the progress of the node changed. */
  hurry(): void {
    this.#early.abort();
  }

  /** Notifies the manager that the node leaves; with `deregister` its id is given up permanently. */
  async leave(deregister: boolean, options: CallOptions): Promise<void> {
    const { transport, cluster } = this.#parts;
    const nodeId = this.nodeId;
    if (!this.#joined || nodeId === undefined) return;
    this.#joined = false;
    if (!deregister) {
      await transport.heartbeat({ cluster, nodeId, leaving: true, progress: this.#progress() }, options);
      return;
    }
    await transport.deregister({ cluster, nodeId }, options);
    await this.#parts.rememberId(undefined);
  }

  async #stayAlive(signal: AbortSignal): Promise<void> {
    const id = this.nodeId;
    const silence = this.#parts.clock.monotonic() - (this.#lastHeartbeat ?? Number.NEGATIVE_INFINITY);
    if (silence > nodeTimeToLive) this.#parts.onSlept();
    if (id !== undefined && (await this.#heartbeat(id, signal))) return;
    // Every further round comes here until the node is registered: one registration per loss (R10).
    this.#joined = false;
    await this.#register(signal);
    this.#joined = true;
  }

  /** Resolves with whether the manager knows the id. */
  async #heartbeat(nodeId: number, signal: AbortSignal): Promise<boolean> {
    const { transport, cluster, clock, emit, describe } = this.#parts;
    const node = describe();
    const isNew = textOf(node) !== this.#described;
    try {
      const request = { cluster, nodeId, progress: this.#progress(), ...(isNew ? { node } : {}) };
      await transport.heartbeat(request, { signal, timeout: nodeTimeToLive - spare });
      this.#described = textOf(node);
    } catch (error) {
      const isDuplicate = isCfluxError(error, 'DUPLICATE_NODE');
      if (!isDuplicate && !isCfluxError(error, 'NODE_NOT_FOUND')) throw error;
      this.#parts.onSlept();
      emit(isDuplicate ? 'duplicateNode' : 'registrationLost', { nodeId });
      await this.#parts.rememberId(undefined);
      return false;
    }
    this.#lastHeartbeat = clock.monotonic();
    this.lastHeartbeatAt = clock.now();
    if (!this.#joined) emit('registered', { nodeId, cluster, endpoint: transport.endpoint });
    emit('heartbeat', { nodeId, at: this.lastHeartbeatAt });
    return true;
  }

  async #register(signal: AbortSignal): Promise<void> {
    const { transport, cluster, clock, describe, rememberId, emit } = this.#parts;
    const node = describe();
    const { instance } = this.#parts;
    const { id } = await transport.register({ cluster, node, instance }, { signal });
    this.#described = textOf(node);
    debug('registered in %s as node %d', cluster, id);
    await rememberId(id);
    this.#lastHeartbeat = clock.monotonic();
    emit('registered', { nodeId: id, cluster, endpoint: transport.endpoint });
  }

  #progress(): NodeProgress {
    return { instance: this.#parts.instance, ...this.#parts.progress() };
  }
}

/** Returns the fields of a description that a manager keeps. */
const textOf = ({ ip, hostname, bindAddress }: NodeDescription) =>
  JSON.stringify([ip, hostname, bindAddress]);
