import { Command } from 'commander';
import { CfluxError } from '../../errors.js';
import { InfluxMirror } from '../../influxdb/influx-mirror.js';
import type { Plan } from '../../influxdb/plan/plan.js';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import type { MetaData } from '../../meta/records.js';
import type { Snapshot } from '../../transport/transport.js';
import {
  commandFlags,
  type InfluxFlags,
  influxOptions,
  type ManagerFlags,
  managerOptions,
  withInfluxFlags,
  withManagerFlags,
} from '../connections.js';
import { jsonText } from '../json.js';
import { noData } from '../manager-api.js';
import { parseCount } from '../parse.js';
import { planJson, planText } from '../plan-text.js';
import type { Terminal } from '../terminal.js';
import { withManager } from '../with-manager.js';

interface Flags extends InfluxFlags, ManagerFlags {
  readonly data?: string;
  readonly allowDrops?: true;
  readonly maxDrops: number;
  readonly check?: true;
  readonly json?: true;
}

const help = `
Reads the cluster and the server, and changes neither. With the --data of an agent it knows what the cluster has dropped;
without it, every item that is not in the cluster counts as unmanaged. A token requires the scope metadata.

Examples:
  cflux plan --endpoint http://manager:8000 --cluster prod --data /var/lib/cflux
  cflux plan --allow-drops …      include drops
  cflux plan --check …            exit code 1 unless the server is in sync`;

export function planCommand(terminal: Terminal): Command {
  const command = new Command('plan').description('Show what convergence would change on a server.');
  return withManagerFlags(withInfluxFlags(command))
    .option('--data <dir>', "directory of this server's agent")
    .option('--allow-drops', 'as for the agent')
    .option('--max-drops <count>', 'as for the agent', parseCount, 1)
    .option('--check', 'fail unless the server is in sync')
    .option('--json', 'output as JSON')
    .addHelpText('after', help)
    .action((flags: Flags) => showPlan(flags, terminal));
}

async function showPlan(flags: Flags, terminal: Terminal): Promise<void> {
  const { cluster = 'default' } = managerOptions(flags, terminal);
  const snapshot = await withManager(flags, terminal, async (manager) => {
    const newest = await manager.newest(cluster);
    if (newest === undefined) throw noData(cluster);
    return newest;
  });
  const data = decodeMetadata(snapshot.snapshot);
  const plan = await planFor(data, snapshot, flags, terminal);
  if (flags.json) terminal.out(jsonText({ version: snapshot.version, ...planJson(plan) }));
  else {
    terminal.out(`Cluster ${cluster}, version ${snapshot.version}:\n`);
    for (const line of planText(plan, flags.data)) terminal.out(line);
  }
  const isInStep = plan.steps.length + plan.pending.length + plan.refused.length === 0;
  if (flags.check && !isInStep) throw new CfluxError('STATEMENT_REFUSED', 'the server is not in sync');
}

async function planFor(
  data: MetaData,
  { epoch, version }: Snapshot,
  flags: Flags,
  terminal: Terminal,
): Promise<Plan> {
  const mirror = new InfluxMirror({
    ...influxOptions(flags, terminal),
    ...(flags.data === undefined ? {} : { dir: flags.data }),
    commandFlags: commandFlags(flags, terminal),
    drops: flags.allowDrops ? 'apply' : 'report',
    maxDrops: flags.maxDrops,
  });
  try {
    return await mirror.plan(data, { version, ...(epoch === undefined ? {} : { epoch }) });
  } finally {
    await mirror.close();
  }
}
