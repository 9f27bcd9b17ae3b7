import { pause } from '../../async/sleep.js';
import type { CfluxStatus } from '../../client/observe/status.js';
import type { Clock } from '../../clock.js';
import { debugLog } from '../../debug-log.js';
import type { NodeInfo } from '../../protocol/nodes.js';
import type { AgentLog } from './agent-log.js';

const debug = debugLog('cflux:agent');

export interface SharedServerParts {
  /** The part of a CfluxClient that lists the nodes. */
  readonly client: {
    readonly status: Pick<CfluxStatus, 'nodeId'>;
    nodes(options: { readonly signal: AbortSignal }): Promise<readonly NodeInfo[]>;
  };
  /** Resolves with the name of the server's process, if the server shows it. */
  readonly process: (signal: AbortSignal) => Promise<string | undefined>;
  /** Milliseconds until the look at the other agents; each that is alive must send a heartbeat meanwhile. */
  readonly lookAfter: number;
  readonly clock: Clock;
  readonly log: AgentLog;
  /** Called when the name of the process is known. */
  readonly onKnown: () => void;
}

/**
 * Notices other agents of the same server, which would do everything twice on it: agents report the process of their server, and each
 * looks once after its start, and after a restart of its server, for others with the same one.
 */
export class SharedServer {
  readonly #parts: SharedServerParts;
  #isClosed = false;
  #look = new AbortController();
  #work: Promise<unknown> = Promise.resolve();
  #process: string | undefined;

  constructor(parts: SharedServerParts) {
    this.#parts = parts;
  }

  /** The name of the server's process; `undefined` while it is unknown. */
  get process(): string | undefined {
    return this.#process;
  }

  /** Looks for other agents of the server, which was found, or found again after an outage. */
  serverFound(): void {
    this.#look.abort();
    if (this.#isClosed) return;
    this.#look = new AbortController();
    const { signal } = this.#look;
    this.#work = this.#run(signal).catch((error: unknown) => debug('no look for other agents: %s', error));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#look.abort();
    await this.#work;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, lookAfter, process, onKnown } = this.#parts;
    const since = clock.monotonic();
    this.#process = await process(signal);
    if (this.#process === undefined || signal.aborted) return;
    onKnown();
    while (!signal.aborted) {
      await pause(clock, lookAfter, signal);
      if (signal.aborted) return;
      const nodes = await this.#parts.client.nodes({ signal }).catch((error: unknown) => {
        debug('cannot list the nodes: %s', error);
      });
      if (nodes === undefined) continue;
      this.#report(nodes, clock.monotonic() - since);
      return;
    }
  }

  /** @param elapsed Milliseconds since the look began: a node without a request since then may be a dead one, such as this agent's last */
  #report(nodes: readonly NodeInfo[], elapsed: number): void {
    const { client, log } = this.#parts;
    const others = nodes.filter(
      ({ id, alive, lastSeen = elapsed, report }) =>
        alive &&
        lastSeen < elapsed &&
        id !== client.status.nodeId &&
        report?.influxdb.process === this.#process,
    );
    if (others.length === 0) return;
    const named = others.map(({ id, hostname }) => `node ${id} on ${JSON.stringify(hostname)}`).join(', ');
    log.notify(
      'sharedServer',
      `another agent changes the same InfluxDB server: ${named}; stop one of them, because a server needs exactly one agent`,
      { nodes: others.map(({ id }) => id) },
    );
  }
}
