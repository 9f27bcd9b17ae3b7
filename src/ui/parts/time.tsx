import { agoText } from '../model/spans.js';
import { ageOf } from '../state/clock.js';
import { zone } from '../state/preferences.js';

const formats = {
  local: new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' }),
  utc: new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' }),
};
const clocks = {
  local: new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' }),
  utc: new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', timeZone: 'UTC' }),
};

/** A date and time in the zone of the page. */
const exactText = (at: number): string =>
  `${formats[zone.value].format(at)}${zone.value === 'utc' ? ' UTC' : ''}`;
/** Only the time of day. */
export const clockText = (at: number): string =>
  `${clocks[zone.value].format(at)}${zone.value === 'utc' ? ' UTC' : ''}`;

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
