/** A range of keys: from `key` to before `rangeEnd`. */
export interface KeyRange {
  readonly key: string;
  readonly rangeEnd: string;
}

/** Everything that begins with `prefix`, which ends with a slash: up to the character after it. */
const below = (prefix: string): KeyRange => ({ key: prefix, rangeEnd: `${prefix.slice(0, -1)}0` });

const digits = (number: number, count: number) => String(number).padStart(count, '0');

/**
 * Where everything stands in etcd. Names are escaped as in a URL, so that a slash only ever separates.
 *
 * ```
 * store                           identity of the store, format
 * head/CLUSTER                    numbers and the kept versions of a cluster (JSON): what the compare-and-set is about
 * head-turn/CLUSTER/REQUESTER     a place in the queue of those who push (JSON)
 * data/CLUSTER/UPLOAD/NNNN        pieces of one snapshot
 * mutation/CLUSTER/ID             the version that the mutation made (JSON); on a lease, which forgets it
 * node/CLUSTER/ID                 a node as it described itself (JSON)
 * node-removed/CLUSTER            moves when nodes of the cluster are removed; on a lease
 * node-log/MANAGER/NNNN…          what a manager heard of nodes in one transaction (JSON); on a lease
 * lastNodeId                      the highest id that was given
 * manager/ID                      a manager as it describes itself (JSON); on its lease
 * housekeeping                    whose turn it is to compact
 * ```
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

  /** A place in the queue of a cluster. */
  turn(cluster: string, place: string): string {
    return `${this.turnsOf(cluster).key}${place}`;
  }

  /** Heads and turns: what is watched. */
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

  get managers(): KeyRange {
    return below(`${this.#prefix}manager/`);
  }

  manager(id: string): string {
    return `${this.managers.key}${id}`;
  }

  /** The cluster that a `head/`, `data/`, `node/` … key is of. */
  clusterOf(key: string): string {
    const [, name = ''] = key.slice(this.#prefix.length).split('/');
    return decodeURIComponent(name);
  }

  /** The upload that a `data/` key is of. */
  uploadOf(key: string): string {
    return key.slice(this.#prefix.length).split('/')[2] ?? '';
  }

  /** The number that a `node/` key ends with. */
  nodeIdOf(key: string): number {
    return Number(key.slice(key.lastIndexOf('/') + 1));
  }
}
