import { retryNow, stale } from '../state/connection.js';
import { notices } from '../state/notices.js';
import { Icon } from './icon.js';
import { Name } from './name.js';
import { clockText } from './time.js';

/** What is true of the whole page: what it shows is old, or was read again. */
export function StatusBanners() {
  const old = stale.value;
  return (
    <div class="banners" aria-live="polite">
      {old !== undefined && (
        <div class="banner warn">
          <Icon name="alarm" />
          <span>
            The manager does not respond: as of {clockText(old.since)}, trying again in{' '}
            {Math.ceil(old.nextTryIn / 1_000)} s
          </span>
          <button type="button" onClick={retryNow}>
            Try now
          </button>
        </div>
      )}
      {notices.shown.value.map(({ id, text }) => (
        <div class="banner" key={id}>
          <Name text={text} />
          <button type="button" class="quiet" onClick={() => notices.dismiss(id)} aria-label="Dismiss">
            <Icon name="cross" />
          </button>
        </div>
      ))}
    </div>
  );
}
