import type { Report } from '../influxdb/report.js';
import type { AgentLog } from './agent-log.js';
import { describeFinding, describeSnapshotFailure, describeUnmanaged, isImportable } from './plan-text.js';

/** Logs what each convergence left open. A state that does not change is logged once for each version. */
export class ReportLog {
  readonly #log: AgentLog;
  #notified = new Set<string>();
  /** The epoch and version of the last line about the state. */
  #reached: string | undefined;

  constructor(log: AgentLog) {
    this.#log = log;
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
    const { inSync, refused, pending, unmanaged, source, confirmation } = report;
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
    if (confirmation !== undefined) {
      const text = `drops held back: more at once than --max-drops; to make them, run cflux confirm-drops ${confirmation} --data DIR`;
      this.#log.notify('confirmationNeeded', text, { confirmation });
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
