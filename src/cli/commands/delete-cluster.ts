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
Forgets all versions and all nodes of the cluster. InfluxDB servers are not touched. Nodes that still run bring
their metadata back: stop them first. To keep what there is: cflux export CLUSTER --output meta.db`;

export function deleteClusterCommand(terminal: Terminal): Command {
  return withEndpointFlags(
    new Command('delete-cluster').description('Forget a cluster: its versions and its nodes.'),
  )
    .argument('<cluster>')
    .option('--yes', 'do not ask')
    .option('--json', 'for programs')
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
    terminal.err(`cflux: ${alive} of its ${nodes} nodes are alive: they will bring their metadata back`);
  if (!yes) {
    const name = printable(cluster);
    const answer = await terminal.ask(
      `Delete the cluster ${JSON.stringify(name)} with all its versions? Type its name: `,
    );
    if (answer === undefined) throw new CfluxError('INVALID_OPTION', 'nobody can be asked here: say --yes');
    if (answer.trim() !== name)
      throw new CfluxError('INVALID_OPTION', 'that is not its name: nothing was deleted');
  }
  await manager.deleteCluster(cluster);
  terminal.out(json ? jsonText({ deleted: cluster }) : `Cluster ${JSON.stringify(cluster)} is deleted.`);
}
