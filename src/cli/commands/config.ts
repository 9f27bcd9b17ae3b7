import { Command } from 'commander';
import { checkConfig, configFileOf, defaultConfigFile, readConfigFile } from '../config-file.js';
import type { Terminal } from '../terminal.js';

const help = `
A configuration file is TOML: flags of commands without dashes, for all commands at its start, for one command in its table:
  endpoint = "https://manager:8000"
  cluster = "prod"
  token-file = "/etc/cflux/token"
  [agent]
  data = "/var/lib/cflux"
  max-drops = 3
Commands read --config, else CFLUX_CONFIG, else /etc/cflux/cflux.toml. Flags have precedence over the environment, and that over the file.

Example:
  cflux config check --config cflux.toml`;

export function configCommand(terminal: Terminal): Command {
  const command = new Command('config')
    .description('Check the configuration file.')
    .addHelpText('after', help);
  command
    .command('check')
    .description('Check names and values of a configuration file.')
    .option('--config <file>', 'file to check (or CFLUX_CONFIG; default: /etc/cflux/cflux.toml)')
    .action(({ config }: { config?: string }) => {
      const args = config === undefined ? [] : ['--config', config];
      const { file } = configFileOf(args, terminal.env, defaultConfigFile);
      const commands = command.parent?.commands ?? [];
      const read = readConfigFile({ file, isNamed: true }, commands);
      if (read === undefined) return;
      checkConfig(read, commands);
      const tables = [...read.byCommand.keys()].map((name) => `[${name}]`);
      terminal.out(`${file} is valid: ${[`${read.common.size} common settings`, ...tables].join(', ')}`);
    });
  return command;
}
