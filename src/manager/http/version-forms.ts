import type { Registry } from 'prom-client';
import type { MetadataForm } from '../../protocol/deltas.js';

/** How metadata crosses the wire. */
export type VersionForm = Exclude<MetadataForm, 'fallback'>;

/** What happened to a delta that was not used: the response got a snapshot instead, or the push was refused and comes again as a whole. */
export type DeltaFallback = 'too_large' | 'refused';

/** Counts the versions that pushes brought and responses carried, by their form (R29). */
export class VersionForms {
  readonly pushed: Record<VersionForm, number> = { delta: 0, snapshot: 0 };
  readonly polled: Record<VersionForm, number> = { delta: 0, snapshot: 0 };
  readonly conflicts: Record<VersionForm, number> = { delta: 0, snapshot: 0 };
  readonly fallbacks: Record<DeltaFallback, number> = { too_large: 0, refused: 0 };

  /** A response with status 409 belongs to a push, any other one to a poll. */
  sent(status: number, form: VersionForm): void {
    this[status === 409 ? 'conflicts' : 'polled'][form] += 1;
  }
}

/** Adds the counts to the metrics of a manager. */
export function showVersionForms(
  { Counter }: typeof import('prom-client'),
  registry: Registry,
  forms: VersionForms,
): void {
  const show = <Label extends string>(
    name: string,
    help: string,
    label: string,
    counts: Readonly<Record<Label, number>>,
  ) =>
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [value, count] of Object.entries<number>(counts)) this.inc({ [label]: value }, count);
      },
    });
  show('cflux_pushed_versions_total', 'Pushes that were stored, by form.', 'form', forms.pushed);
  show('cflux_polled_versions_total', 'Versions in responses to polls, by form.', 'form', forms.polled);
  show(
    'cflux_conflict_versions_total',
    'Versions in responses to conflicting pushes, by form.',
    'form',
    forms.conflicts,
  );
  show('cflux_delta_fallbacks_total', 'Deltas that snapshots replaced.', 'reason', forms.fallbacks);
}
