import { Command } from 'commander';
import { CfluxError } from '../../errors.js';
import { printable } from '../../printable.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import { type ManagerApi, noData } from '../manager-api.js';
import type { Terminal } from '../terminal.js';
import { withManager } from '../with-manager.js';

interface Flags extends EndpointFlags {
  readonly yes?: true;
  readonly json?: true;
}

const help = `
Deletes all versions and all nodes of the cluster from the manager. InfluxDB servers are not changed. Nodes that still
run restore their metadata: stop them first. To keep a copy: cflux export CLUSTER --output meta.db`;

export function deleteClusterCommand(terminal: Terminal): Command {
  return withEndpointFlags(
    new Command('delete-cluster').description(
      'Delete a cluster from the manager: its versions and its nodes.',
    ),
  )
    .argument('<cluster>')
    .option('--yes', 'do not ask for confirmation')
    .option('--json', 'output as JSON')
    .addHelpText('after', help)
    .action((cluster: string, flags: Flags) =>
      withManager(flags, terminal, (manager) => deleteCluster(manager, cluster, flags, terminal)),
    );
}

async function deleteCluster(
  manager: ManagerApi,
  cluster: string,
  { yes, json }: Flags,
  terminal: Terminal,
): Promise<void> {
  const listed = (await manager.clusters()).find((each) => each.cluster === cluster);
  if (listed === undefined) throw noData(cluster);
  const { alive, nodes } = listed;
  if (alive > 0)
    terminal.err(
      `cflux: ${alive} of its ${nodes} nodes are aliveand will restore their metadata; stop them first`,
    );
  if (!yes) {
    const name = printable(cluster);
    const answer = await terminal.ask(
      `Delete the cluster ${JSON.stringify(name)} with all its versions? Type its name: `,
    );
    if (answer === undefined)
      throw new CfluxError(
        'INVALID_OPTION',
        'cannot ask for confirmation: standard input is not a terminal; pass --yes',
      );
    if (answer.trim() !== name)
      throw new CfluxError('INVALID_OPTION', 'not confirmed: the name does not match; nothing was deleted');
  }
  await manager.deleteCluster(cluster);
  terminal.out(json ? jsonText({ deleted: cluster }) : `Deleted cluster ${JSON.stringify(cluster)}.`);
}
