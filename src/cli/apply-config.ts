import type { Command } from 'commander';
import { CfluxError } from '../errors.js';
import {
  configFileOf,
  type FileConfig,
  type FileValue,
  readConfigFile,
  valuesFor,
  variablesOf,
} from './config-file.js';
import type { Terminal } from './terminal.js';

/** Commands that read no configuration, or read it themselves. */
const without = new Set(['config', 'init']);

/**
 * Gives the values of the configuration file to the command that runs: the command line has precedence, then the environment.
 *
 * @param env a copy of the environment, which the commands read
 */
export function applyConfig(
  program: Command,
  args: readonly string[],
  {
    env,
    file,
    terminal,
  }: { readonly env: Record<string, string | undefined>; readonly file: string; readonly terminal: Terminal },
): void {
  for (const command of program.commands)
    if (!without.has(command.name()))
      command.option(
        '--config <file>',
        'configuration file (or CFLUX_CONFIG; default: /etc/cflux/cflux.toml)',
      );
  let values: readonly FileValue[] = [];
  let cluster: unknown;
  let failure: unknown;
  program.hook('preSubcommand', (_, command) => {
    if (without.has(command.name())) return;
    const found = configFileOf(args, env, file);
    try {
      const config: FileConfig | undefined = readConfigFile(found, program.commands);
      values =
        config === undefined
          ? []
          : valuesFor(config, command).filter(({ option }) => isFree(option.long, env));
      // Some commands have it as an argument, and `status` as a filter: all of them read the variable otherwise.
      cluster = config?.byCommand.get(command.name())?.get('cluster') ?? config?.common.get('cluster');
    } catch (error) {
      if (found.isNamed) throw error;
      failure = error;
    }
    // The parser checks these before the next hook.
    for (const { option, value } of values)
      if (option.mandatory) command.setOptionValueWithSource(option.attributeName(), value, 'config');
  });
  program.hook('preAction', (_, command) => {
    if (failure !== undefined) {
      if (needsConfig(command, env)) throw failure;
      terminal.err(`cflux: ${CfluxError.from(failure).message}; continuing without it`);
    }
    if (typeof cluster === 'string' && isFree('--cluster', env)) env['CLUSTER'] = cluster;
    for (const { option, value } of values) {
      const name = option.attributeName();
      const source = command.getOptionValueSource(name);
      if (source === 'cli' || source === 'config' || contradicts(command, name)) continue;
      if (name === 'endpoint') env['CFLUX_ENDPOINT'] = String(value);
      else if (name !== 'cluster') command.setOptionValueWithSource(name, value, 'config');
    }
  });
}

const isFree = (long: string | undefined, env: Readonly<Record<string, string | undefined>>) =>
  variablesOf((long ?? '').replace(/^--(no-)?/, '')).every((name) => !env[name]);

/** Whether a flag on the command line excludes this one, such as `--memory` a directory of the file. */
function contradicts(command: Command, name: string): boolean {
  return command.options.some((option) => {
    const { conflictsWith = [] } = option as { conflictsWith?: readonly string[] };
    return conflictsWith.includes(name) && command.getOptionValueSource(option.attributeName()) === 'cli';
  });
}

/** Whether a command lacks something that the file that cannot be read may have: the endpoint, or without that flag every flag. */
function needsConfig(command: Command, env: Readonly<Record<string, string | undefined>>): boolean {
  const isGiven = (name: string) => command.getOptionValueSource(name) === 'cli';
  if (command.options.some((option) => option.attributeName() === 'endpoint'))
    return !isGiven('endpoint') && variablesOf('endpoint').every((name) => !env[name]);
  return !command.options.some((option) => isGiven(option.attributeName()));
}
