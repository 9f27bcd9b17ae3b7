import { CommanderError } from 'commander';
import { CfluxError } from '../errors.js';
import { printableLines } from '../printable.js';
import { applyConfig } from './apply-config.js';
import { defaultConfigFile } from './config-file.js';
import { isExplained } from './error-help.js';
import { EndWith, exitCode, exitCodeOf } from './exit-code.js';
import { createProgram } from './program.js';
import type { Terminal } from './terminal.js';

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
export async function runCflux(
  args: readonly string[],
  processTerminal: Terminal,
  configFile = defaultConfigFile,
): Promise<number> {
  // A copy, because the configuration file adds to it.
  const env = { ...processTerminal.env };
  const terminal = guarded({ ...processTerminal, env });
  const program = createProgram(terminal);
  applyConfig(program, args, { env, file: configFile, terminal });
  const nested = program.commands.flatMap(({ commands }) => commands);
  for (const command of [program, ...program.commands, ...nested]) {
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
    if (!(error instanceof CommanderError || error instanceof EndWith)) {
      const { code, message } = CfluxError.from(error);
      terminal.err(`cflux: ${message}`);
      if (isExplained(code)) terminal.err(`(\`cflux explain ${code}\` explains it)`);
    }
    return exitCodeOf(error);
  }
}
