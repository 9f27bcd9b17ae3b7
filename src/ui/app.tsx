import { ClusterTabs } from './parts/cluster-tabs.js';
import { Failure } from './parts/failure.js';
import { Help } from './parts/help.js';
import { Loading } from './parts/loading.js';
import { PageHeader } from './parts/page-header.js';
import { StatusBanners } from './parts/status-banners.js';
import { outage, retryNow } from './state/connection.js';
import { clusterNamed, fleet, fleetError, refreshFleet } from './state/fleet.js';
import { type Route, route } from './state/route.js';
import { wanted, whoami } from './state/session.js';
import { ActivityView } from './views/activity.js';
import { Databases } from './views/databases.js';
import { History } from './views/history.js';
import { NoCluster } from './views/no-cluster.js';
import { Nodes } from './views/nodes.js';
import { Overview } from './views/overview.js';
import { SignIn } from './views/sign-in.js';
import { Users } from './views/users.js';

export function App() {
  if (wanted.value !== undefined) return <SignIn />;
  return (
    <>
      <button type="button" class="skip" onClick={toMain}>
        Skip to content
      </button>
      <PageHeader />
      <StatusBanners />
      <main id="main" tabIndex={-1}>
        <Content />
      </main>
      <Help />
    </>
  );
}

/** Not a link: the fragment of the address belongs to the views. */
function toMain(): void {
  document.getElementById('main')?.focus();
}

function Content() {
  const shown = route.value;
  if (fleet.value === undefined || whoami.value === undefined) return <Beginning />;
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

/** Nothing was read yet. */
function Beginning() {
  return (
    <>
      <h1 class="off-screen">cflux</h1>
      {fleetError.value !== undefined ? (
        <Failure error={fleetError.value} onRetry={refreshFleet} />
      ) : outage.value !== undefined ? (
        <Failure error={outage.value} onRetry={retryNow} />
      ) : (
        <Loading what="the clusters" rows={5} />
      )}
    </>
  );
}

function View({ shown }: { readonly shown: Route }) {
  switch (shown.view) {
    case 'nodes':
      return <Nodes {...shown} />;
    case 'history':
      return <History {...shown} />;
    case 'databases':
      return <Databases {...shown} />;
    case 'users':
      return <Users {...shown} />;
    case 'activity':
      return <ActivityView cluster={shown.cluster} />;
    default:
      return <Overview />;
  }
}
