import type { Clock } from '../../clock.js';
import { CfluxError, isCfluxError } from '../../errors.js';
import type { Report } from '../../influxdb/converge/report.js';
import { type FindingKind, maxFindings, type NodeReport } from '../../protocol/node-report.js';
import { describeFinding, describeUnmanaged } from '../plan-text.js';
import type { AgentLog } from './agent-log.js';

/** Milliseconds between two reports, */
const interval = 2_000;
/** and between two of which only the later reports that the server is down, or is available again. */
const urgentInterval = 250;
/** Milliseconds after which a report that has not changed is sent again: its manager may have lost it. */
const refreshAfter = 10 * 60_000;

/** The part of a CfluxClient that sends reports. */
export interface ReportTarget {
  report(report: NodeReport): Promise<void>;
}

/** Content of a report; absent if nothing is known of the server yet. */
export type ReportContent = Omit<NodeReport, 'at'>;

/** Sends the agent's findings to the manager after each change; stops if the manager accepts no reports. */
export class AgentReporter {
  readonly #target: ReportTarget;
  readonly #content: () => ReportContent | undefined;
  readonly #clock: Clock;
  readonly #log: AgentLog;
  #sent: string | undefined;
  #sentReachable: boolean | undefined;
  #sentAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;
  #isSending = false;
  #isEnded = false;
  #hasFailed = false;

  constructor(
    target: ReportTarget,
    parts: {
      readonly content: () => ReportContent | undefined;
      readonly clock: Clock;
      readonly log: AgentLog;
    },
  ) {
    this.#target = target;
    this.#content = parts.content;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /** Sends a report soon, if something changed. */
  changed(): void {
    const isUrgent = this.#content()?.influxdb.reachable !== this.#sentReachable;
    const gap = isUrgent ? urgentInterval : interval;
    this.#arm(Math.max(0, this.#sentAt + gap - this.#clock.monotonic()));
  }

  /** Sends the report again, because the manager may have lost it. */
  forgotten(): void {
    this.#sent = undefined;
    this.changed();
  }

  close(): void {
    this.#isEnded = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #arm(ms: number): void {
    if (this.#isEnded || this.#isSending) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.after(ms, () => {
      this.#cancelTimer = undefined;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    const now = this.#clock.monotonic();
    if (now - this.#sentAt >= refreshAfter) this.#sent = undefined;
    const content = this.#content();
    const text = JSON.stringify(content);
    let next = refreshAfter;
    if (content !== undefined && text !== this.#sent) {
      this.#isSending = true;
      this.#sentAt = now;
      try {
        await this.#target.report({ ...content, at: this.#clock.now() });
        this.#sent = text;
        this.#sentReachable = content.influxdb.reachable;
        this.#hasFailed = false;
      } catch (error) {
        next = this.#failed(CfluxError.from(error));
      }
      this.#isSending = false;
      // Something may have changed meanwhile.
      if (next === refreshAfter && JSON.stringify(this.#content()) !== text) {
        this.changed();
        return;
      }
    }
    this.#arm(next);
  }

  /** Milliseconds until the next attempt. */
  #failed(error: CfluxError): number {
    // An older manager. Without a status, the node is not registered yet.
    if (isCfluxError(error, 'NO_SUCH_ROUTE') && error.status === 404) this.#isEnded = true;
    else if (isCfluxError(error, 'TOO_MANY_REQUESTS') && !this.#hasFailed) {
      this.#log.notify('reportRefused', `the manager refused the report of this agent: ${error.message}`);
    }
    this.#hasFailed = true;
    return Math.max(5_000, error.retryAfter ?? 0);
  }
}

/** Returns the findings of a convergence. */
export function findingsOf({
  pending,
  refused,
  unmanaged,
  local,
  unverified,
  snapshotFailure,
}: Report): ReportContent['findings'] {
  const of = <T>(kind: FindingKind, things: readonly T[], describe: (thing: T) => string) =>
    things.slice(0, maxFindings).map((thing) => ({ kind, text: describe(thing) }));
  return [
    ...of('refused', refused, describeFinding),
    ...of('pending', pending, describeFinding),
    ...of('unmanaged', unmanaged, (item) => describeUnmanaged(item, snapshotFailure)),
    ...of(
      'unverified',
      unverified,
      (user) => `password of user ${JSON.stringify(user)}: unknown without the snapshot port (--snapshot)`,
    ),
    ...of('local', local, describeFinding),
  ].slice(0, maxFindings);
}
