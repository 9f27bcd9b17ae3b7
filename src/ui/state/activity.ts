import { batch, signal } from '@preact/signals';
import { type ActivityEntry, readActivity } from '../../protocol/activity.js';
import { paths } from '../../protocol/routes.js';
import { askJson } from './connection.js';
import { refreshFleet } from './fleet.js';
import { forever, Pause } from './loop.js';
import { mayHold } from './tabs.js';

const most = 500;
const hold = 25_000;
const betweenRequests = 2_000;

/** What changed, newest first. */
export const activity = signal<readonly ActivityEntry[]>([]);
/** The record of the manager was read once. */
const isActivityKnown = signal(false);

let place = 0;
let manager: string | undefined;

export function followActivity(): void {
  const pause = new Pause();
  void forever(async (signal) => {
    const holds = isActivityKnown.value && mayHold();
    const found = await askJson(paths.activity(place), readActivity, {
      signal,
      ...(holds ? { headers: { Prefer: `wait=${hold / 1_000}` }, timeout: hold + 10_000 } : {}),
    });
    const isOther = manager !== undefined && found.manager !== manager;
    manager = found.manager;
    if (isOther && place > 0) {
      // Another process: its record has other numbers.
      place = 0;
      refreshFleet();
      activity.value = [];
      return;
    }
    place = found.seq;
    const isFirst = !isActivityKnown.value;
    batch(() => {
      isActivityKnown.value = true;
      const newest = found.entries.toReversed();
      activity.value = (found.missed ? newest : [...newest, ...activity.value]).slice(0, most);
      if (found.missed || (!isFirst && found.clusters.length > 0)) refreshFleet();
    });
    if (!holds && !isFirst) await pause.for(betweenRequests);
  });
}
