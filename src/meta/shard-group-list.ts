import { changeOwn, claim } from './in-place.js';
import { notesOn } from './notes.js';
import type { ShardGroupInfo } from './records.js';
import { byTime, effectiveEnd, holdsTime } from './shard-group-times.js';

/*
 * The shard groups of one policy. In nearly every list, no group starts or ends before the one before it; such a list is searched by
 * bisection. Other lists, which come from foreign files or from a duration that was raised, are searched linearly.
 */

/** Whether a list is known to be ordered. */
const orders = notesOn<readonly ShardGroupInfo[], boolean>();

function isOrdered(groups: readonly ShardGroupInfo[]): boolean {
  const known = orders.get(groups);
  if (known !== undefined) return known;
  const ordered = groups.every((group, at) => mayFollow(groups[at - 1], group));
  orders.set(groups, ordered);
  return ordered;
}

function mayFollow(before: ShardGroupInfo | undefined, after: ShardGroupInfo | undefined): boolean {
  if (before === undefined || after === undefined) return true;
  return before.startTime <= after.startTime && effectiveEnd(before) <= effectiveEnd(after);
}

/** Returns the first group of `groups` that contains `timestamp`. */
export function groupAt(groups: readonly ShardGroupInfo[], timestamp: bigint): ShardGroupInfo | undefined {
  if (!isOrdered(groups)) return groups.find((group) => holdsTime(group, timestamp));
  let at = firstPosition(groups, (group) => effectiveEnd(group) > timestamp);
  // There is more than one if some were deleted.
  for (; at < groups.length; at++) {
    const group = groups[at];
    if (group === undefined || group.startTime > timestamp) return undefined;
    if (holdsTime(group, timestamp)) return group;
  }
  return undefined;
}

/** Returns `groups` with `group` inserted in time order, after equal ones. */
export function withGroup(
  groups: readonly ShardGroupInfo[],
  group: ShardGroupInfo,
): readonly ShardGroupInfo[] {
  if (!isOrdered(groups)) return [...groups, group].sort(byTime);
  const at = firstPosition(groups, (other) => byTime(other, group) > 0);
  const ordered = mayFollow(groups[at - 1], group) && mayFollow(group, groups[at]);
  const own = changeOwn(
    groups,
    (list) => {
      list.splice(at, 0, group);
      orders.set(list, ordered);
    },
    (list) => {
      list.splice(at, 1);
      orders.set(list, true);
    },
  );
  const inserted = own ?? claim(groups.toSpliced(at, 0, group));
  orders.set(inserted, ordered);
  return inserted;
}

/** Returns the position of the first group for which `isBehind` is true, as it is for all groups after that. */
function firstPosition(
  groups: readonly ShardGroupInfo[],
  isBehind: (group: ShardGroupInfo) => boolean,
): number {
  let low = 0;
  let high = groups.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const group = groups[middle];
    if (group === undefined || isBehind(group)) high = middle;
    else low = middle + 1;
  }
  return low;
}
