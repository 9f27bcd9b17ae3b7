import { agoText } from '../model/spans.js';
import { ageOf } from '../state/clock.js';
import { zone } from '../state/preferences.js';

type Style = 'moment' | 'clock';

const known = new Map<string, Intl.DateTimeFormat>();

/** Created when it is needed: the first one of a browser takes long. */
function formatOf(style: Style): Intl.DateTimeFormat {
  const key = `${style} ${zone.value}`;
  const format =
    known.get(key) ??
    new Intl.DateTimeFormat(undefined, {
      ...(style === 'moment' ? { dateStyle: 'medium' } : {}),
      // With the zone, except that of a clock that is the reader's own.
      timeStyle: style === 'clock' && zone.value === 'local' ? 'medium' : 'long',
      ...(zone.value === 'utc' ? { timeZone: 'UTC' } : {}),
    });
  known.set(key, format);
  return format;
}

/** A date and time in the zone of the page. */
const exactText = (at: number): string => formatOf('moment').format(at);
/** Only the time of day. */
export const clockText = (at: number): string => formatOf('clock').format(at);

/** A moment of the manager's clock: how long ago, and exactly on hover and focus of its row; or both. */
export function Time({ at, both = false }: { readonly at: number; readonly both?: boolean }) {
  const exact = exactText(at);
  return (
    <time class="time" dateTime={new Date(at).toISOString()} title={exact}>
      {agoText(ageOf(at))}
      <span class={both ? 'exact shown' : 'exact'}>{exact}</span>
    </time>
  );
}
