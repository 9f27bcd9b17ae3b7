import type { Command } from 'commander';
import { CfluxError } from '../errors.js';
import { printable } from '../printable.js';
import type { NodeInfo } from '../protocol/nodes.js';
import { noVersion } from '../protocol/version.js';
import type { WaitForNodesResult } from '../protocol/waiting-for-nodes.js';
import type { ClusterTarget } from './cluster-target.js';
import { parseDuration } from './parse.js';
import type { Terminal } from './terminal.js';

/** Flags of commands that can wait until all nodes have their changes. */
export interface WaitFlags {
  readonly wait?: true;
  /** Milliseconds. */
  readonly timeout?: number;
}

const defaultTimeout = 20_000;

export function withWaitFlags(command: Command): Command {
  return command
    .option('--wait', 'wait until all nodes have the changes; exit code 7 if only this fails')
    .option('--timeout <duration>', 'longest time of --wait, such as 30s (default: 20s)', parseDuration);
}

/** @throws CfluxError `INVALID_OPTION` */
export function checkWaitFlags({ wait, timeout }: WaitFlags): void {
  if (timeout !== undefined && !wait)
    throw new CfluxError('INVALID_OPTION', '--timeout limits --wait: pass both, or none');
}

/** Waits if a flag requests that. @throws CfluxError `NOT_EVERYWHERE` */
export async function waitIfAsked(
  target: ClusterTarget,
  { wait, timeout = defaultTimeout }: WaitFlags,
  terminal: Terminal,
): Promise<void> {
  if (!wait || target.version === noVersion) return;
  terminal.err(`cflux: ${everywhere(await target.waitForNodes(timeout))}`);
}

/** Describes a complete wait. */
function everywhere({ version, counted, withFindings, unknown }: WaitForNodesResult): string {
  const all = counted === 1 ? '1 node has' : `all ${counted} nodes have`;
  const parts = [
    counted === 0 ? `no node to wait for; version ${version}` : `${all} version ${version}`,
    ...(withFindings.length === 0 ? [] : [`with findings: ${names(withFindings)}`]),
    ...(unknown.length === 0 ? [] : [`unknown, because they are legacy clients: ${names(unknown)}`]),
  ];
  return parts.join('; ');
}

/** Nodes that a line names. */
const most = 5;

function names(nodes: readonly NodeInfo[]): string {
  const some = nodes.slice(0, most).map(({ id, hostname }) => `node ${id} (${printable(hostname)})`);
  return [...some, ...(nodes.length > most ? [`${nodes.length - most} more`] : [])].join(', ');
}
