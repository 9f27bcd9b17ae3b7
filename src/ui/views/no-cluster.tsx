import { Name } from '../parts/name.js';
import { hrefOf } from '../state/route.js';

/** The address names a cluster that the manager does not list. */
export function NoCluster({ cluster }: { readonly cluster: string }) {
  return (
    <div class="empty">
      <h1>No such cluster</h1>
      <p>
        The manager has no cluster{' '}
        <strong>
          <Name text={cluster} />
        </strong>
        : it has neither nodes nor data, or the token does not cover it.
      </p>
      <p>
        <a href={hrefOf({ view: 'overview' })}>All clusters</a>
      </p>
    </div>
  );
}
