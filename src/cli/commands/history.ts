import { Command } from 'commander';
import { systemClock } from '../../clock.js';
import type { ListedVersion } from '../../protocol/operator-responses.js';
import { ageText, sizeText, timeText } from '../amounts.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import { tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';
import { shortVersions } from '../version-notation.js';
import { clusterOf, withManager } from '../with-manager.js';

const help = `
Newest first; the manager keeps the last ten (cflux manager --history). Related commands:
  cflux show CLUSTER VERSION        show the metadata of a version
  cflux diff CLUSTER VERSION        show what a version changed
  cflux diff CLUSTER V1 V2          show what changed between two versions
  cflux rollback CLUSTER VERSION    make a version current again, as a new version
These commands take the endings of this table (…4711, ...4711 or 4711), the whole version of --json, latest, and -1 or ~2 for a
number of versions before the latest.`;

export function historyCommand(terminal: Terminal): Command {
  return withEndpointFlags(new Command('history').description('List the kept versions of a cluster.'))
    .argument('[cluster]', 'name of the cluster (default: CLUSTER, or default)')
    .option('--json', 'output as JSON')
    .addHelpText('after', help)
    .action((argument: string | undefined, flags: EndpointFlags & { json?: true }) =>
      withManager(flags, terminal, async (manager) => {
        const history = await manager.history(clusterOf(argument, terminal));
        if (flags.json) terminal.out(jsonText(history));
        else {
          const short = shortVersions(history.map(({ version }) => version));
          const rows = history.map((record) => rowOf(record, short));
          for (const line of tableLines(['VERSION', 'STORED (UTC)', '', 'SIZE', 'BY'], rows))
            terminal.out(line);
        }
      }),
    );
}

function rowOf(
  { version, at, size, nodeId, author }: ListedVersion,
  short: (version: number) => string,
): (string | number)[] {
  const by = [nodeId === undefined ? [] : [`node ${nodeId}`], author === undefined ? [] : [author]].flat();
  return [short(version), timeText(at), ageText(at, systemClock.now()), sizeText(size), by.join(', ')];
}
