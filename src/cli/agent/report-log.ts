import type { Report } from '../../influxdb/converge/report.js';
import { shellQuoted } from '../../shell-quoted.js';
import { describeFinding, describeSnapshotFailure, describeUnmanaged, isImportable } from '../plan-text.js';
import type { AgentLog } from './agent-log.js';

/** Logs what each convergence left open. A state that does not change is logged once for each version. */
export class ReportLog {
  readonly #log: AgentLog;
  #notified = new Set<string>();
  /** The epoch and version of the last line about the state. */
  #reached: string | undefined;

  readonly #dir: string;

  /** @param dir the directory of the agent, for the command that confirms drops */
  constructor(log: AgentLog, dir: string) {
    this.#log = log;
    this.#dir = dir;
  }

  notify(report: Report): void {
    const lines = linesOf(report);
    const { version, epoch } = report;
    const reached = `${epoch}/${version}`;
    const isNews =
      report.done.length > 0 || lines.length !== this.#notified.size || reached !== this.#reached;
    const fresh = lines.filter(({ text }) => !this.#notified.has(text));
    for (const { event, text } of fresh) this.#log.notify(event, text);
    this.#notified = new Set(lines.map(({ text }) => text));
    if (!isNews && fresh.length === 0) return;
    this.#reached = reached;
    const { inSync, refused, pending, unmanaged, source, confirmable = [], missedOrders } = report;
    const left = [
      pending.length > 0 ? `${pending.length} pending` : [],
      refused.length > 0 ? `${refused.length} refused` : [],
      unmanaged.length > 0 ? `${unmanaged.length} unmanaged` : [],
    ].flat();
    const state = left.length === 0 ? 'in sync' : `in sync except ${left.join(', ')}`;
    this.#log.notify(
      'converged',
      `${state} with version ${version}: ${equalItems(inSync)} (read by ${source})`,
      {
        version,
        source,
        inSync,
        pending: pending.length,
        refused: refused.length,
        unmanaged: unmanaged.length,
      },
    );
    for (const { confirmation, drops } of confirmable) {
      const what = drops.length === 1 ? '1 drop is held back' : `${drops.length} drops are held back`;
      const text = `${what}; to make ${drops.length === 1 ? 'it' : 'them'} on this server, run cflux confirm-drops ${confirmation} --data ${shellQuoted(this.#dir)}`;
      this.#log.notify('confirmationNeeded', text, { confirmation });
    }
    if (missedOrders !== undefined) {
      const text = `drop orders up to version ${missedOrders} were removed by the manager before this agent read them; what the cluster dropped until then is handled as without orders`;
      this.#log.notify('missedOrders', text, { version: missedOrders });
    }
  }
}

const equalItems = (count: number) => (count === 1 ? '1 item equal' : `${count} items equal`);

function linesOf({
  pending,
  refused,
  unmanaged,
  local,
  unverified,
  snapshotFailure,
}: Report): { event: string; text: string }[] {
  return [
    ...(snapshotFailure === undefined
      ? []
      : [{ event: 'noSnapshot', text: `snapshot  ${describeSnapshotFailure(snapshotFailure)}` }]),
    ...pending.map((finding) => ({ event: 'pending', text: `pending   ${describeFinding(finding)}` })),
    ...refused.map((finding) => ({ event: 'refused', text: `refused   ${describeFinding(finding)}` })),
    ...unmanaged.map((item) => ({
      event: 'unmanaged',
      text: `unmanaged ${describeUnmanaged(item, snapshotFailure)}: not part of the cluster, left unchanged${isImportable(item, snapshotFailure) ? '; --import adds it to the cluster' : ''}`,
    })),
    ...local.map((finding) => ({ event: 'local', text: `local     ${describeFinding(finding)}` })),
    ...unverified.map((user) => ({
      event: 'unverified',
      text: `cannot verify the password of user ${JSON.stringify(user)}: its hash is unknown without the snapshot port; set --snapshot host:port`,
    })),
  ];
}
