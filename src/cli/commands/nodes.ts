import { Command } from 'commander';
import { pause } from '../../async/sleep.js';
import { systemClock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import type { ListedNode } from '../../protocol/operator-responses.js';
import { ageText } from '../amounts.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import { keptVersions } from '../kept-versions.js';
import type { ManagerApi } from '../manager-api.js';
import { nodeState } from '../node-state.js';
import { tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';
import { shortVersions } from '../version-notation.js';
import { withManager } from '../with-manager.js';

const help = `
STATE is one of: up to date, 3 behind (of the versions that the manager keeps; 10+ beyond them), 2 pending (findings of its agent), server
down, unknown, duplicate (two processes shared the id), dead. HELD is the version of the node, APPLIED that of the server beside an agent,
LAG how many versions it is behind; cflux show and others take the endings of versions. AGE is the time since the last request of the node.

A node is alive for its time to live after a heartbeat (default: 15 s). A dead node stays listed until it is removed:
  cflux remove-node CLUSTER ID

--watch lists the nodes again whenever something other than AGE changed, until it is interrupted.`;

const headings = ['CLUSTER', 'ID', 'STATE', 'HELD', 'APPLIED', 'LAG', 'AGE', 'HOST', 'ADDRESS', 'IP'];

/** Milliseconds between two requests of `--watch`. */
const watchInterval = 2_000;

interface Flags extends EndpointFlags {
  readonly json?: boolean;
  readonly watch?: true;
}

export function nodesCommand(terminal: Terminal): Command {
  return withEndpointFlags(new Command('nodes').description('List the nodes of a cluster, or of all.'))
    .argument('[cluster]', 'list only the nodes of this cluster')
    .option('--json', 'output as JSON')
    .option('--watch', 'list the nodes again after each change, until interrupted')
    .addHelpText('after', help)
    .action((cluster: string | undefined, { json = false, watch, ...flags }: Flags) =>
      withManager(flags, terminal, async (manager) => {
        const first = await listed(manager, cluster, json);
        show(first, terminal);
        if (watch) await watchNodes(() => listed(manager, cluster, json), first.state, terminal);
      }),
    );
}

/** The nodes at one time. */
interface Listing {
  readonly lines: readonly string[];
  /** Differs if something other than an age differs. */
  readonly state: string;
}

async function listed(manager: ManagerApi, cluster: string | undefined, json: boolean): Promise<Listing> {
  const nodes =
    cluster === undefined
      ? (await manager.everything()).influx
      : (await manager.nodes(cluster)).map((node) => ({ cluster, ...node }));
  if (json) {
    const state = JSON.stringify(nodes.map(({ lastSeen: _, ...rest }) => rest));
    return { lines: [jsonText(nodes)], state };
  }
  if (nodes.length === 0) return { lines: [], state: '' };
  const versions = await keptVersions(manager, nodes);
  const rows = nodes.map((node) => rowOf(node, versions.get(node.cluster) ?? []));
  const ageless = rows.map((row) => row.filter((_, column) => headings[column] !== 'AGE'));
  return { lines: tableLines(headings, rows), state: JSON.stringify(ageless) };
}

function rowOf(node: ListedNode, versions: readonly number[]): readonly (string | number)[] {
  const { heldVersion, appliedVersion } = node;
  const short = shortVersions(
    [...versions, heldVersion, appliedVersion].filter((each) => each !== undefined),
  );
  const { lag = '-', text } = nodeState(node, versions);
  return [
    node.cluster,
    node.id,
    text,
    heldVersion === undefined ? '-' : short(heldVersion),
    appliedVersion === undefined ? '-' : short(appliedVersion),
    lag,
    node.lastSeen === undefined ? '-' : ageText(-node.lastSeen, 0),
    node.hostname,
    node.bindAddress,
    node.addresses.join(' '),
  ];
}

function show({ lines }: Listing, terminal: Terminal): void {
  if (lines.length === 0) terminal.err('cflux: no nodes');
  for (const line of lines) terminal.out(line);
}

/** Lists again after each change, until the process is asked to end. A request that fails is reported once, and repeated. */
async function watchNodes(list: () => Promise<Listing>, initial: string, terminal: Terminal): Promise<void> {
  const ending = new AbortController();
  void terminal.ended().then(() => ending.abort());
  let shown = initial;
  let failure: string | undefined;
  const { signal } = ending;
  while (!signal.aborted) {
    await pause(systemClock, watchInterval, signal);
    try {
      if (signal.aborted) return;
      const listing = await list();
      failure = undefined;
      if (signal.aborted || listing.state === shown) continue;
      shown = listing.state;
      terminal.out('');
      show(listing, terminal);
    } catch (error) {
      const { message } = CfluxError.from(error);
      if (message !== failure) terminal.err(`cflux: ${message}`);
      failure = message;
    }
  }
}
