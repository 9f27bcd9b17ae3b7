import { countingVersion, type NodeInfo } from '../protocol/nodes.js';

/** A node beside the kept versions of its cluster. */
export interface NodeState {
  /** Kept versions that it is behind, `10+` beyond them; absent: not known. */
  readonly lag?: string;
  /** One of `up to date`, `3 behind`, `2 pending`, `server down`, `unknown`, `duplicate`, `dead`. */
  readonly text: string;
}

/** @param versions the kept versions, newest first */
export function nodeState(node: NodeInfo, versions: readonly number[]): NodeState {
  const lag = lagOf(countingVersion(node), versions);
  const known = lag === undefined ? {} : { lag };
  if (node.duplicate) return { text: 'duplicate' };
  if (!node.alive) return { ...known, text: 'dead' };
  const { report } = node;
  if (report?.influxdb.reachable === false) return { ...known, text: 'server down' };
  if (lag === undefined) return { text: 'unknown' };
  if (lag !== '0') return { lag, text: `${lag} behind` };
  const left = (report?.pending ?? 0) + (report?.refused ?? 0);
  return { lag, text: left === 0 ? 'up to date' : `${left} pending` };
}

function lagOf(version: number | undefined, versions: readonly number[]): string | undefined {
  if (version === undefined) return undefined;
  if (versions.length === 0) return version === 0 ? '0' : undefined;
  const place = versions.indexOf(version);
  if (place >= 0) return String(place);
  return version < (versions.at(-1) ?? 0) ? `${versions.length}+` : undefined;
}
