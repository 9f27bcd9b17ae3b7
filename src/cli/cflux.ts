import { Command, CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { CfluxError } from '../errors.js';
import { printableLines } from '../printable.js';
import { commands } from './commands.js';
import { EndWith, exitCode, exitCodeOf } from './exit-code.js';
import type { Terminal } from './terminal.js';

const help = `
Exit codes:
  0 done   1 failed   2 wrong command line, or a dry run with something to do
  3 no such cluster, version or node, or a cluster without data
  4 no manager answered   5 not allowed   6 somebody else changed the cluster meanwhile

Start here:
  cflux manager                   keep the metadata of a cluster, on this machine
  cflux status                    what the manager knows of your cluster
  cflux help <command>            all about one command, with examples`;

/**
 * `terminal`, where no line holds what it would obey, wherever the line has its names from. (JSON escapes such characters itself, so
 * that it stays JSON.)
 */
function guarded(terminal: Terminal): Terminal {
  return {
    ...terminal,
    out: (line) => terminal.out(printableLines(line)),
    err: (line) => terminal.err(printableLines(line)),
    ask: (question) => terminal.ask(printableLines(question)),
  };
}

/** Runs `cflux` with `args` (without the program's name), and answers its exit code. */
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
      .showHelpAfterError('(`cflux help` says what there is)')
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
