import { Command } from 'commander';
import { systemClock } from '../../clock.js';
import type { VersionRecord } from '../../manager/index.js';
import { ageText, sizeText, timeText } from '../amounts.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import { tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';
import { clusterOf, withManager } from '../with-manager.js';

const help = `
Newest first; the manager keeps the last ten (--history of cflux manager). What to do with them:
  cflux show CLUSTER VERSION        what was in one
  cflux diff CLUSTER V1 V2          what changed between two
  cflux rollback CLUSTER VERSION    make one current again, as a new version`;

export function historyCommand(terminal: Terminal): Command {
  return withEndpointFlags(
    new Command('history').description('List the versions of a cluster that are kept.'),
  )
    .argument('[cluster]', 'the cluster (default: CLUSTER, or default)')
    .option('--json', 'for programs')
    .addHelpText('after', help)
    .action((argument: string | undefined, flags: EndpointFlags & { json?: true }) =>
      withManager(flags, terminal, async (manager) => {
        const history = await manager.history(clusterOf(argument, terminal));
        if (flags.json) terminal.out(jsonText(history));
        else {
          const rows = history.map(rowOf);
          for (const line of tableLines(['VERSION', 'STORED (UTC)', '', 'SIZE', 'BY'], rows))
            terminal.out(line);
        }
      }),
    );
}

function rowOf({ version, at, size, nodeId, author }: VersionRecord): (string | number)[] {
  const by = [nodeId === undefined ? [] : [`node ${nodeId}`], author === undefined ? [] : [author]].flat();
  return [version, timeText(at), ageText(at, systemClock.now()), sizeText(size), by.join(', ')];
}
