import { blameOf } from '../state/blames.js';
import { hrefOf } from '../state/route.js';
import type { Blamed } from '../worker/messages.js';

/** The kept version that last touched something, with a link to what changed then. */
export function BlameCell({ cluster, item }: { readonly cluster: string; readonly item: Blamed }) {
  const found = blameOf(cluster, item);
  if (found === undefined) return <span class="fine">…</span>;
  if (found.version === undefined)
    return (
      <span class="fine" title="No kept version touched it">
        older
      </span>
    );
  const { version, older } = found;
  return (
    <a class="number" href={hrefOf({ view: 'history', cluster, from: older, to: version })}>
      {version}
    </a>
  );
}
