import { describeItem } from '../influxdb/item.js';
import type { Report } from '../influxdb/report.js';
import type { AgentLog } from './agent-log.js';
import { describeFinding } from './plan-text.js';

/** Tells what each convergence left, once: a level that stays as it is makes no more lines. */
export class ReportTeller {
  readonly #log: AgentLog;
  #told = new Set<string>();

  constructor(log: AgentLog) {
    this.#log = log;
  }

  tell(report: Report, version: number): void {
    const lines = linesOf(report);
    const isNews = report.done.length > 0 || lines.length !== this.#told.size;
    const fresh = lines.filter(({ text }) => !this.#told.has(text));
    for (const { event, text } of fresh) this.#log.tell(event, text);
    this.#told = new Set(lines.map(({ text }) => text));
    if (!isNews && fresh.length === 0 && this.#hasTold) return;
    this.#hasTold = true;
    const { alreadySo, refused, pending, onlyHere, source, confirmation } = report;
    const left = [
      pending.length > 0 ? `${pending.length} pending` : [],
      refused.length > 0 ? `${refused.length} refused` : [],
      onlyHere.length > 0 ? `${onlyHere.length} only here` : [],
    ].flat();
    const state = left.length === 0 ? 'in step' : `in step but for ${left.join(', ')}`;
    this.#log.tell(
      'converged',
      `${state} with version ${version}: ${alreadySo} things agree (read by ${source})`,
      {
        version,
        source,
        alreadySo,
        pending: pending.length,
        refused: refused.length,
        onlyHere: onlyHere.length,
      },
    );
    if (confirmation !== undefined) {
      const text = `more drops at once than --max-drops: to make them, cflux confirm-drops ${confirmation} --data DIR`;
      this.#log.tell('confirmationNeeded', text, { confirmation });
    }
  }

  #hasTold = false;
}

function linesOf({
  pending,
  refused,
  onlyHere,
  local,
  unverified,
}: Report): { event: string; text: string }[] {
  return [
    ...pending.map((finding) => ({ event: 'pending', text: `pending   ${describeFinding(finding)}` })),
    ...refused.map((finding) => ({ event: 'refused', text: `refused   ${describeFinding(finding)}` })),
    ...onlyHere.map((item) => ({
      event: 'onlyHere',
      text: `only here ${describeItem(item)}: never the cluster's, and left alone; --import adds it to the cluster`,
    })),
    ...local.map((finding) => ({ event: 'local', text: `local     ${describeFinding(finding)}` })),
    ...unverified.map((user) => ({
      event: 'unverified',
      text: `unverified password of user ${JSON.stringify(user)}: without the snapshot port nobody can compare it`,
    })),
  ];
}
