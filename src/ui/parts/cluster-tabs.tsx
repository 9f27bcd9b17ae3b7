import { clusterNamed } from '../state/fleet.js';
import { hrefOf, type View } from '../state/route.js';
import { Name } from './name.js';
import { Time } from './time.js';

const tabs = [
  { view: 'nodes', title: 'Nodes' },
  { view: 'history', title: 'History' },
  { view: 'databases', title: 'Databases' },
  { view: 'users', title: 'Users' },
] as const;

/** The name of the cluster, and its views. */
export function ClusterTabs({ cluster, view }: { readonly cluster: string; readonly view: View }) {
  const { version, at } = clusterNamed(cluster) ?? {};
  return (
    <div class="cluster-head">
      <h1>
        <Name text={cluster} />
      </h1>
      <p class="fine">
        {version === undefined ? (
          'no data'
        ) : (
          <>
            version <span class="number">{version}</span>
          </>
        )}
        {at !== undefined && (
          <>
            , <Time at={at} />
          </>
        )}
      </p>
      <nav aria-label="Views of the cluster" class="tabs">
        {tabs.map((tab) => (
          <a
            key={tab.view}
            href={hrefOf({ view: tab.view, cluster })}
            aria-current={tab.view === view ? 'page' : undefined}
          >
            {tab.title}
          </a>
        ))}
      </nav>
    </div>
  );
}
