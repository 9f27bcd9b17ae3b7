import { fleet } from '../state/fleet.js';
import { isHelpOpen } from '../state/help.js';
import { theme, zone } from '../state/preferences.js';
import { hrefOf, route } from '../state/route.js';
import { hasToken, signOut, whoami } from '../state/session.js';
import { Icon } from './icon.js';
import { Name } from './name.js';

export function PageHeader() {
  const { view } = route.value;
  return (
    <header class="page-header">
      <a class="brand" href={hrefOf({ view: 'overview' })}>
        cflux
      </a>
      <nav aria-label="Views">
        <a href={hrefOf({ view: 'overview' })} aria-current={view === 'overview' ? 'page' : undefined}>
          Overview
        </a>
        <a href={hrefOf({ view: 'activity' })} aria-current={view === 'activity' ? 'page' : undefined}>
          Activity
        </a>
      </nav>
      <ManagerLine />
      <div class="choices">
        <button
          type="button"
          class="quiet"
          onClick={nextZone}
          aria-label={`Times: ${zone.value === 'utc' ? 'UTC' : 'local'}; change`}
          data-key="zone"
        >
          Times: {zone.value === 'utc' ? 'UTC' : 'local'}
        </button>
        <button type="button" class="quiet" onClick={nextTheme} aria-label={`Theme: ${theme.value}; change`}>
          Theme: {theme.value}
        </button>
        <button
          type="button"
          class="quiet"
          aria-label="Help"
          onClick={() => {
            isHelpOpen.value = true;
          }}
        >
          <Icon name="question" />
        </button>
        {hasToken.value && (
          <button type="button" class="quiet" onClick={() => signOut()} title={whoami.value?.name}>
            Sign out
          </button>
        )}
      </div>
    </header>
  );
}

function ManagerLine() {
  const known = fleet.value;
  if (known === undefined) return <p class="manager-line" />;
  const { managers, status } = known;
  const self = managers.find(({ id }) => id === status.manager.id);
  const others = managers.length - (self === undefined ? 0 : 1);
  return (
    <p class="manager-line">
      <Name text={self?.bindAddress ?? status.manager.id.slice(0, 8)} />, <Name text={status.store.name} />{' '}
      {status.store.ready ? 'ready' : 'not ready'}
      {others > 0 && `, ${others} ${others === 1 ? 'other' : 'others'}`}
    </p>
  );
}

function nextZone(): void {
  zone.value = zone.value === 'utc' ? 'local' : 'utc';
}

function nextTheme(): void {
  theme.value = ({ system: 'light', light: 'dark', dark: 'system' } as const)[theme.value];
}
