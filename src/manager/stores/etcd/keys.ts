/** A range of keys: from `key` to before `rangeEnd`. */
export interface KeyRange {
  readonly key: string;
  readonly rangeEnd: string;
}

/** All keys that begin with `prefix`, which ends with a slash: up to the character after it. */
const below = (prefix: string): KeyRange => ({ key: prefix, rangeEnd: `${prefix.slice(0, -1)}0` });

const digits = (number: number, count: number) => String(number).padStart(count, '0');

/**
 * The keys of a store in etcd, below one prefix. Names are escaped as in a URL, so that a slash is always a separator. Values are JSON,
 * unless noted.
 *
 * ```
 * store                           format and identity of the store
 * head/CLUSTER                    numbers of a cluster, and its retained versions: the compare-and-set is on this key
 * head-turn/CLUSTER/node-ID       ticket of a node in the push queue: at which manager, and its reservation
 * head-turn/CLUSTER/requester-ID  ticket of a command
 * head-turn/CLUSTER/MANAGER.N     ticket of one push of a client without an id
 * data/CLUSTER/UPLOAD/NNNN        bytes of one snapshot, in pieces; UPLOAD is MANAGER.N
 * mutation/CLUSTER/MUTATION       version that a mutation created, and its upload; on a lease, after which it is forgotten
 * node/CLUSTER/ID                 description of a node; ID has 16 digits
 * node-removed/CLUSTER            empty; written when nodes of the cluster are removed; on a lease
 * node-log/MANAGER/N              liveness of nodes that a manager recorded in one transaction; N has 16 digits; on a lease
 * node-report/CLUSTER/ID          what the agent of a node reported last; on a lease
 * lastNodeId                      highest node id assigned
 * manager/ID                      description of a manager; on a lease that it renews
 * housekeeping                    an empty object; written by the manager that compacts next
 * ```
 *
 * `head-turn/` sorts before `head/`, with nothing in between: one watch covers both. MANAGER is a random id that a manager chooses when
 * it opens the store, ID in `manager/ID` is the id under which it announces itself.
 */
export class Keys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix.endsWith('/') ? prefix : `${prefix}/`;
  }

  get store(): string {
    return `${this.#prefix}store`;
  }

  get lastNodeId(): string {
    return `${this.#prefix}lastNodeId`;
  }

  get housekeeping(): string {
    return `${this.#prefix}housekeeping`;
  }

  get heads(): KeyRange {
    return below(`${this.#prefix}head/`);
  }

  turnsOf(cluster: string): KeyRange {
    return below(`${this.#prefix}head-turn/${encodeURIComponent(cluster)}/`);
  }

  /** Key of a ticket in the push queue of a cluster. */
  turn(cluster: string, place: string): string {
    return `${this.turnsOf(cluster).key}${place}`;
  }

  /** Heads and tickets: the watched range. */
  get watched(): KeyRange {
    return { key: below(`${this.#prefix}head-turn/`).key, rangeEnd: this.heads.rangeEnd };
  }

  isTurn(key: string): boolean {
    return key.startsWith(`${this.#prefix}head-turn/`);
  }

  head(cluster: string): string {
    return `${this.#prefix}head/${encodeURIComponent(cluster)}`;
  }

  get data(): KeyRange {
    return below(`${this.#prefix}data/`);
  }

  dataOf(cluster: string): KeyRange {
    return below(`${this.#prefix}data/${encodeURIComponent(cluster)}/`);
  }

  upload(cluster: string, upload: string): KeyRange {
    return below(`${this.#prefix}data/${encodeURIComponent(cluster)}/${upload}/`);
  }

  piece(cluster: string, upload: string, number: number): string {
    return `${this.upload(cluster, upload).key}${digits(number, 4)}`;
  }

  mutationsOf(cluster: string): KeyRange {
    return below(`${this.#prefix}mutation/${encodeURIComponent(cluster)}/`);
  }

  mutation(cluster: string, mutation: string): string {
    return `${this.mutationsOf(cluster).key}${mutation}`;
  }

  get allNodes(): KeyRange {
    return below(`${this.#prefix}node/`);
  }

  nodesOf(cluster: string): KeyRange {
    return below(`${this.#prefix}node/${encodeURIComponent(cluster)}/`);
  }

  node(cluster: string, nodeId: number): string {
    return `${this.nodesOf(cluster).key}${digits(nodeId, 16)}`;
  }

  get removals(): KeyRange {
    return below(`${this.#prefix}node-removed/`);
  }

  removal(cluster: string): string {
    return `${this.removals.key}${encodeURIComponent(cluster)}`;
  }

  get nodeLog(): KeyRange {
    return below(`${this.#prefix}node-log/`);
  }

  nodeRecord(manager: string, number: number): string {
    return `${this.nodeLog.key}${manager}/${digits(number, 16)}`;
  }

  /** The manager of a `node-log/` key. */
  managerOfRecord(key: string): string {
    return key.slice(this.nodeLog.key.length, key.lastIndexOf('/'));
  }

  reportsOf(cluster: string): KeyRange {
    return below(`${this.#prefix}node-report/${encodeURIComponent(cluster)}/`);
  }

  report(cluster: string, nodeId: number): string {
    return `${this.reportsOf(cluster).key}${digits(nodeId, 16)}`;
  }

  get managers(): KeyRange {
    return below(`${this.#prefix}manager/`);
  }

  manager(id: string): string {
    return `${this.managers.key}${id}`;
  }

  /** Returns the cluster of a `head/`, `data/`, `node/` … key. */
  clusterOf(key: string): string {
    const [, name = ''] = key.slice(this.#prefix.length).split('/');
    return decodeURIComponent(name);
  }

  /** Returns the upload of a `data/` key. */
  uploadOf(key: string): string {
    return key.slice(this.#prefix.length).split('/')[2] ?? '';
  }

  /** Returns the number at the end of a `node/` key. */
  nodeIdOf(key: string): number {
    return Number(key.slice(key.lastIndexOf('/') + 1));
  }
}
