import type { NodeInfo } from '../../protocol/nodes.js';
import type { ListedCluster, ListedVersion } from '../../protocol/operator-responses.js';

/** The conditions of a node, worst first; a node has the first that applies. */
export const conditions = [
  'duplicate',
  'silent',
  'server down',
  'behind',
  'findings',
  'unknown',
  'up to date',
  'left',
] as const;
export type Condition = (typeof conditions)[number];

export interface NodeCondition {
  readonly condition: Condition;
  /** {@link versionOf} the node. */
  readonly version?: number | undefined;
  /** Kept versions that the node lacks; undefined if it is not known, or not behind. */
  readonly lag?: number | undefined;
  /** The node lacks every kept version. */
  readonly isBeyond?: boolean;
  /** Milliseconds since the oldest version that the node lacks was stored. */
  readonly since?: number | undefined;
  /** What its agent could not do. */
  readonly open: number;
}

/** How long a node may take to have a new version, in milliseconds. */
const grace = 5_000;

/** The version that counts: of an agent the applied one, of others the one that they hold. */
export const versionOf = ({ kind, heldVersion, appliedVersion }: NodeInfo): number | undefined =>
  kind === 'agent' ? appliedVersion : heldVersion;

/**
 * @param newest the newest version of the cluster
 * @param versions the kept versions of the cluster, newest first, if they are known
 * @param now by the manager's clock
 */
export function conditionOf(
  node: NodeInfo,
  { version: newest, at }: Partial<Pick<ListedCluster, 'version' | 'at'>>,
  versions: readonly ListedVersion[] | undefined,
  now: number,
): NodeCondition {
  const { report } = node;
  const version = versionOf(node);
  const open = (report?.pending ?? 0) + (report?.refused ?? 0);
  const lag = lagOf(version, newest, at, versions);
  const found = {
    version,
    open,
    ...lag,
    since: lag.missedAt === undefined ? undefined : Math.max(0, now - lag.missedAt),
  };
  const isBehind = lag.lag !== undefined && lag.lag > 0;
  const condition = (): Condition => {
    if (node.duplicate) return 'duplicate';
    if (!node.alive) return node.left ? 'left' : 'silent';
    if (report?.influxdb.reachable === false) return 'server down';
    if (isBehind && (found.since === undefined || found.since > grace)) return 'behind';
    if (open > 0) return 'findings';
    if (version === undefined && newest !== undefined) return 'unknown';
    return 'up to date';
  };
  return { ...found, condition: condition() };
}

interface Lag {
  readonly lag?: number | undefined;
  readonly isBeyond?: boolean;
  /** When the oldest missing version was stored, by the manager's clock. */
  readonly missedAt?: number | undefined;
}

function lagOf(
  version: number | undefined,
  newest: number | undefined,
  at: number | undefined,
  versions: readonly ListedVersion[] | undefined,
): Lag {
  if (version === undefined || newest === undefined || version >= newest) return {};
  if (versions === undefined || versions.length === 0) return { lag: 1, missedAt: at };
  const missing = versions.filter((each) => each.version > version);
  const isBeyond = missing.length === versions.length;
  return { lag: missing.length, isBeyond, missedAt: missing.at(-1)?.at };
}

/** `3 versions`, `10 or more versions`. */
export function lagText({ lag, isBeyond }: NodeCondition): string {
  if (lag === undefined || lag === 0) return '';
  return `${lag}${isBeyond ? ' or more' : ''} ${lag === 1 && !isBeyond ? 'version' : 'versions'}`;
}
