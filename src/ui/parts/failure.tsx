import type { ApiError } from '../api/api-error.js';
import { whoami } from '../state/session.js';
import { CopyButton } from './copy-command.js';
import { Icon } from './icon.js';
import { Name } from './name.js';

/** A part of the page that could not be read: the manager's words and code. */
export function Failure({
  error,
  onRetry,
}: {
  readonly error: ApiError;
  readonly onRetry?: (() => void) | undefined;
}) {
  const isForbidden = error.status === 403;
  const { name } = whoami.value ?? {};
  return (
    <div class="failure" role="alert">
      <Icon name="alarm" />
      <div>
        <p>
          <strong>{isForbidden ? 'Not permitted' : 'Failed'}</strong> <Name text={error.message} />
        </p>
        <p class="fine">
          <code>{error.code}</code>
          {error.status > 0 && ` status ${error.status}`}
          {isForbidden && name !== undefined && ` for the token ${JSON.stringify(name)}`}
        </p>
        <p class="actions">
          {onRetry !== undefined && (
            <button type="button" onClick={onRetry}>
              Retry
            </button>
          )}
          <CopyButton text={`${error.code}: ${error.message}`} label="Copy" />
        </p>
      </div>
    </div>
  );
}
