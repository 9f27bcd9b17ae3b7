import { hrefOf } from '../state/route.js';
import { Name } from './name.js';

/** The name of a cluster, as a link to its nodes. */
export function ClusterLink({ cluster }: { readonly cluster: string }) {
  return (
    <a href={hrefOf({ view: 'nodes', cluster })}>
      <Name text={cluster} />
    </a>
  );
}
