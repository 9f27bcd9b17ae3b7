import { ClusterTabs } from './parts/cluster-tabs.js';
import { Failure } from './parts/failure.js';
import { Loading } from './parts/loading.js';
import { PageHeader } from './parts/page-header.js';
import { StatusBanners } from './parts/status-banners.js';
import { outage, retryNow } from './state/connection.js';
import { clusterNamed, fleet, fleetError, refreshFleet } from './state/fleet.js';
import { type Route, route } from './state/route.js';
import { wanted } from './state/session.js';
import { NoCluster } from './views/no-cluster.js';
import { Nodes } from './views/nodes.js';
import { Overview } from './views/overview.js';
import { SignIn } from './views/sign-in.js';

export function App() {
  if (wanted.value !== undefined) return <SignIn />;
  return (
    <>
      <a class="skip" href="#main" onClick={toMain}>
        Skip to content
      </a>
      <PageHeader />
      <StatusBanners />
      <main id="main" tabIndex={-1}>
        <Content />
      </main>
    </>
  );
}

/** The address belongs to the views: the link must not change it. */
function toMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Content() {
  const shown = route.value;
  if (fleet.value === undefined) {
    if (fleetError.value !== undefined) return <Failure error={fleetError.value} onRetry={refreshFleet} />;
    if (outage.value !== undefined) return <Failure error={outage.value} onRetry={retryNow} />;
    return <Loading what="the clusters" rows={5} />;
  }
  return (
    <>
      {fleetError.value !== undefined && <Failure error={fleetError.value} onRetry={refreshFleet} />}
      {'cluster' in shown && shown.cluster !== undefined && shown.view !== 'activity' ? (
        clusterNamed(shown.cluster) === undefined ? (
          <NoCluster cluster={shown.cluster} />
        ) : (
          <>
            <ClusterTabs cluster={shown.cluster} view={shown.view} />
            <View shown={shown} key={shown.cluster} />
          </>
        )
      ) : (
        <View shown={shown} />
      )}
    </>
  );
}

function View({ shown }: { readonly shown: Route }) {
  switch (shown.view) {
    case 'nodes':
      return <Nodes {...shown} />;
    default:
      return <Overview />;
  }
}
