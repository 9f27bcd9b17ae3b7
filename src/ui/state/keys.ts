import { isHelpOpen } from './help.js';
import { historyOf } from './histories.js';
import { shortcuts, zone } from './preferences.js';
import { go, type Route, route, shownCluster } from './route.js';

/** After `g`, the next key names a view. */
let isGoing = false;

const views: Readonly<Record<string, (cluster: string | undefined) => Route | undefined>> = {
  o: () => ({ view: 'overview' }),
  a: () => ({ view: 'activity' }),
  n: (cluster) => (cluster === undefined ? undefined : { view: 'nodes', cluster }),
  h: (cluster) => (cluster === undefined ? undefined : { view: 'history', cluster }),
  d: (cluster) => (cluster === undefined ? undefined : { view: 'databases', cluster }),
  u: (cluster) => (cluster === undefined ? undefined : { view: 'users', cluster }),
};

const actions: Readonly<Record<string, () => void>> = {
  '/': () => element('[data-key="find"]')?.focus(),
  '?': () => {
    isHelpOpen.value = true;
  },
  j: () => moveRow(1),
  k: () => moveRow(-1),
  ArrowDown: () => moveRow(1),
  ArrowUp: () => moveRow(-1),
  '[': () => moveDifference(1),
  ']': () => moveDifference(-1),
  c: () => element('[data-key="copy"]')?.click(),
  t: () => {
    zone.value = zone.value === 'utc' ? 'local' : 'utc';
  },
};

/** Keys that do something without being a letter. */
const alwaysOn = new Set(['ArrowDown', 'ArrowUp']);

export function followKeys(): void {
  addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const isField = target instanceof HTMLElement && target.matches('input, select, textarea');
    if (isField) {
      if (key === 'Escape') target.blur();
      return;
    }
    if (document.querySelector('dialog[open]') !== null) return;
    if (shortcuts.value === 'off' && !alwaysOn.has(key)) return;
    if (isGoing) {
      isGoing = false;
      const to = views[key]?.(shownCluster.value);
      if (to !== undefined) go(to);
      return;
    }
    if (key === 'g') {
      isGoing = true;
      return;
    }
    // Arrows scroll, unless a row has the focus.
    if (alwaysOn.has(key) && focusedRow() < 0) return;
    if (key === 'Escape' && isOpenedDetail()) return;
    const action = actions[key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}

const element = (selector: string) => document.querySelector<HTMLElement>(selector);

const rows = () => [...document.querySelectorAll<HTMLElement>('tbody tr[tabindex], .rail [data-open]')];
const focusedRow = () => rows().indexOf(document.activeElement as HTMLElement);

function moveRow(step: number): void {
  const all = rows();
  const at = focusedRow();
  const next =
    all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

/** `[` shows the difference before, `]` the one after. */
function moveDifference(step: number): void {
  const shown = route.value;
  if (shown.view !== 'history') return;
  const versions = historyOf(shown.cluster)?.versions.map(({ version }) => version) ?? [];
  const at = shown.to === undefined ? -1 : versions.indexOf(shown.to);
  const next = shown.to === undefined ? 0 : at + step;
  const [to, from] = [versions[next], versions[next + 1]];
  if (to !== undefined && from !== undefined) go({ view: 'history', cluster: shown.cluster, from, to });
}

/** Leaves the details of a view for the view. */
function isOpenedDetail(): boolean {
  const shown = route.value;
  if (shown.view === 'history' && shown.to !== undefined) go({ view: 'history', cluster: shown.cluster });
  else if (shown.view === 'databases' && shown.database !== undefined)
    go({ view: 'databases', cluster: shown.cluster, find: shown.find });
  else return false;
  return true;
}
