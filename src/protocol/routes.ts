/** What a request asks for, as its method and path say it. Names are percent-decoded; they may be any Unicode. */
export type Route =
  | { readonly name: 'register'; readonly cluster: string }
  | { readonly name: 'heartbeat'; readonly cluster: string; readonly nodeId: number }
  | { readonly name: 'deregister'; readonly cluster: string; readonly nodeId: number }
  | { readonly name: 'listAll' }
  | { readonly name: 'listNodes'; readonly cluster: string }
  | { readonly name: 'push'; readonly cluster: string; readonly version: number }
  | { readonly name: 'poll'; readonly cluster: string; readonly version: number };

const name = encodeURIComponent;

/** Paths of the published API, as our own client writes them. */
export const paths = {
  register: (cluster: string) => `/nodes/${name(cluster)}`,
  node: (cluster: string, nodeId: number) => `/nodes/${name(cluster)}/${nodeId}`,
  allNodes: () => '/nodes',
  nodes: (cluster: string) => `/nodes/${name(cluster)}`,
  version: (cluster: string, version: number) => `/clusters/${name(cluster)}/versions/${version}`,
} as const;
