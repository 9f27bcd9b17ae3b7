import { whoami } from '../state/session.js';

/** The token shows nodes and versions, not what is in them. */
export function NeedsMetadata() {
  return (
    <div class="empty">
      <p>
        The token {JSON.stringify(whoami.value?.name ?? '')} lacks the scope <code>metadata</code>: contents,
        differences and blame need it. Nodes and versions are shown without it.
      </p>
    </div>
  );
}
