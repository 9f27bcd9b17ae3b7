import { computed, signal } from '@preact/signals';

/** What the page shows. It is part of the address, so that reload, back and links keep it. */
export type Route =
  | { readonly view: 'overview' }
  | { readonly view: 'activity'; readonly cluster?: string | undefined }
  | {
      readonly view: 'nodes';
      readonly cluster: string;
      readonly state?: string | undefined;
      readonly find?: string | undefined;
    }
  | {
      readonly view: 'history';
      readonly cluster: string;
      readonly from?: number | undefined;
      readonly to?: number | undefined;
    }
  | {
      readonly view: 'databases';
      readonly cluster: string;
      readonly database?: string | undefined;
      readonly find?: string | undefined;
    }
  | { readonly view: 'users'; readonly cluster: string; readonly find?: string | undefined };

export type View = Route['view'];

function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const steps = path.split('/').map(decoded);
  const parameters = new URLSearchParams(query);
  const text = (name: string) => parameters.get(name) ?? undefined;
  const [first = '', view, item, name] = steps;
  if (steps.length === 1)
    return first === 'activity' ? { view: 'activity', cluster: text('cluster') } : { view: 'overview' };
  const cluster = first;
  if (view === 'nodes') return { view, cluster, state: text('state'), find: text('find') };
  if (view === 'history') {
    const [, from, to] = /^(\d{1,16})\.\.(\d{1,16})$/.exec(item ?? '') ?? [];
    return {
      view,
      cluster,
      from: from === undefined ? undefined : Number(from),
      to: to === undefined ? undefined : Number(to),
    };
  }
  if (view === 'data' && item === 'users') return { view: 'users', cluster, find: text('find') };
  if (view === 'data')
    return { view: 'databases', cluster, database: item === 'db' ? name : undefined, find: text('find') };
  return { view: 'overview' };
}

export function hrefOf(route: Route): string {
  switch (route.view) {
    case 'overview':
      return '#/';
    case 'activity':
      return `#/activity${queryOf({ cluster: route.cluster })}`;
    case 'nodes':
      return `#/${encoded(route.cluster)}/nodes${queryOf({ state: route.state, find: route.find })}`;
    case 'history': {
      const { from, to } = route;
      return `#/${encoded(route.cluster)}/history${from === undefined || to === undefined ? '' : `/${from}..${to}`}`;
    }
    case 'databases':
      return `#/${encoded(route.cluster)}/data${route.database === undefined ? '' : `/db/${encoded(route.database)}`}${queryOf({ find: route.find })}`;
    case 'users':
      return `#/${encoded(route.cluster)}/data/users${queryOf({ find: route.find })}`;
  }
}

const encoded = (text: string) => encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\uFFFD'));

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

function queryOf(fields: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(fields).filter((field): field is [string, string] => Boolean(field[1]));
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

const hash = signal(location.hash);
addEventListener('hashchange', () => {
  hash.value = location.hash;
});

export const route = computed(() => parseRoute(hash.value));

/** The cluster that the page shows. */
export const shownCluster = computed(() => ('cluster' in route.value ? route.value.cluster : undefined));

export function go(to: Route): void {
  location.hash = hrefOf(to);
}

/** Changes what is shown without a step in the browser's history: while typing in a search field. */
export function refine(to: Route): void {
  history.replaceState(null, '', hrefOf(to));
  hash.value = location.hash;
}
