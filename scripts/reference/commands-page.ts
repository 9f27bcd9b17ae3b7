import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.js';
import type { Terminal } from '../../src/cli/terminal.js';

const introduction = `# Commands

\`cflux help <command>\` prints what this page contains, and \`cflux explain <code>\` the [help for an error](errors.md). Commands find the manager by
\`--endpoint\` or \`CFLUX_ENDPOINT\`; most accept \`--json\`. Flags may be in a [configuration file](configuration.md#the-command-line).

A version is a number of 13 digits. Tables show its ending (\`…4711\`), and commands accept \`…4711\`, \`...4711\` or \`4711\`, the whole version, \`latest\`, and \`-1\` or
\`~2\` for the number of versions before the latest. \`cflux diff prod latest\` shows what the latest version changed.`;

/** The help of all commands, as `cflux help` prints it. */
export function commandsPage(): string {
  const program = createProgram({} as Terminal);
  const rows = program.commands.map(
    (command) => `| [\`${command.name()}\`](#${command.name()}) | ${command.description()} |`,
  );
  const sections = program.commands.map(
    (command) => `## ${command.name()}\n\n${helpOf(command, ...command.commands)}`,
  );
  const table = ['| Command | Purpose |', '|---|---|', ...rows].join('\n');
  return `${[introduction, table, helpOf(program), ...sections].join('\n\n')}\n`;
}

const helpOf = (...commands: readonly Command[]): string =>
  commands.map((command) => `\`\`\`text\n${helpText(command)}\n\`\`\``).join('\n\n');

function helpText(command: Command): string {
  let written = '';
  command
    .configureOutput({
      writeOut: (text) => {
        written += text;
      },
      getOutHelpWidth: () => 100,
      getOutHasColors: () => false,
    })
    .outputHelp();
  return written.trim();
}
