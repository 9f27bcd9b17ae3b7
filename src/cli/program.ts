import { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { commands } from './commands.js';
import type { Terminal } from './terminal.js';

const help = `
Exit codes:
  0 success   1 failed   2 invalid command line, or a dry run with changes
  3 cluster, version or node not found, or a cluster without data
  4 no manager responded   5 not allowed   6 conflict: the cluster changed concurrently
  7 not all nodes have the version (--wait); changes, if any, were made

Start here:
  cflux manager                   serve as the manager on this machine
  cflux status                    show the manager and its clusters
  cflux help <command>            describe one command, with examples
  cflux explain <code>            explain an error, and what to do about it`;

/** Creates the command line of `cflux`, with all commands and their help. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('cflux')
    .description('One metadata for several InfluxDB 1.x servers.')
    .version(manifest.version)
    .addHelpText('after', help);
  for (const command of commands) program.addCommand(command(terminal));
  return program;
}
