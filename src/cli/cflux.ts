import { Command, CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { CfluxError } from '../errors.js';
import { printableLines } from '../printable.js';
import { commands } from './commands.js';
import { EndWith, exitCode, exitCodeOf } from './exit-code.js';
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
  cflux help <command>            describe one command, with examples`;

/**
 * Wraps `terminal` so that no line contains control characters, wherever its names come from. (In JSON they are escaped, so that it
 * stays valid.)
 */
function guarded(terminal: Terminal): Terminal {
  return {
    ...terminal,
    out: (line) => terminal.out(printableLines(line)),
    err: (line) => terminal.err(printableLines(line)),
    ask: (question) => terminal.ask(printableLines(question)),
  };
}

/** Runs `cflux` with `args` (without the program's name) and returns its exit code. */
export async function runCflux(args: readonly string[], processTerminal: Terminal): Promise<number> {
  const terminal = guarded(processTerminal);
  const program = new Command('cflux')
    .description('One metadata for several InfluxDB 1.x servers.')
    .version(manifest.version)
    .addHelpText('after', help);
  for (const command of commands) program.addCommand(command(terminal));
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .showSuggestionAfterError()
      .showHelpAfterError('(`cflux help` lists the commands)')
      .configureOutput({
        writeOut: (text) => terminal.out(text.trimEnd()),
        writeErr: (text) => terminal.err(text.trimEnd()),
      });
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode.ok;
  } catch (error) {
    if (!(error instanceof CommanderError || error instanceof EndWith))
      terminal.err(`cflux: ${CfluxError.from(error).message}`);
    return exitCodeOf(error);
  }
}
