import { Command } from 'commander';
import { LedgerStore } from '../../influxdb/ledger-store.js';
import type { Terminal } from '../terminal.js';

const help = `
An agent with --allow-drops holds back more drops at once than --max-drops, and logs a confirmation id for them. This
command confirms exactly those drops: the agent makes them once, at its next check of the server.

Example:
  cflux confirm-drops 5c1f0a93b2d4e687 --data /var/lib/cflux`;

export function confirmDropsCommand(terminal: Terminal): Command {
  return new Command('confirm-drops')
    .description('Confirm the drops that an agent holds back.')
    .argument('<confirmation>', 'id from the log of the agent or from `cflux plan`')
    .requiredOption('--data <dir>', 'directory of the agent')
    .addHelpText('after', help)
    .action(async (confirmation: string, { data }: { readonly data: string }) => {
      await new LedgerStore(data).confirm(confirmation);
      terminal.out(`confirmed ${confirmation}: the agent makes these drops at its next check of the server`);
    });
}
