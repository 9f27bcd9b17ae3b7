import { Command } from 'commander';
import { LedgerStore } from '../../influxdb/ledger-store.js';
import type { Terminal } from '../terminal.js';

const help = `
An agent with --allow-drops holds back more drops at once than --max-drops, and names them with a confirmation. Given
back here, exactly those drops are made at its next look at the server, once.

Example:
  cflux confirm-drops 5c1f0a93b2d4e687 --data /var/lib/cflux`;

export function confirmDropsCommand(terminal: Terminal): Command {
  return new Command('confirm-drops')
    .description('Let an agent make the drops that it holds back.')
    .argument('<confirmation>', 'as the agent or `cflux plan` named it')
    .requiredOption('--data <dir>', "the agent's directory")
    .addHelpText('after', help)
    .action(async (confirmation: string, { data }: { readonly data: string }) => {
      await new LedgerStore(data).confirm(confirmation);
      terminal.out(`confirmed ${confirmation}: the agent makes these drops at its next look at the server`);
    });
}
