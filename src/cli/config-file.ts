import { readFileSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { settings } from '../client/config/config-settings.js';
import { CfluxError } from '../errors.js';
import { systemCode } from '../file-access.js';
import { nearestName } from '../nearest-name.js';
import { secretText } from '../secret-file.js';
import { parseToml } from '../toml.js';
import { reasonOf } from './file-of.js';

/** Where commands look for their configuration if neither `--config` nor CFLUX_CONFIG names a file. */
export const defaultConfigFile = '/etc/cflux/cflux.toml';

/** Values of a file by the name of a flag without dashes: for all commands, and in the table of one command. */
export interface FileConfig {
  readonly file: string;
  readonly common: ReadonlyMap<string, unknown>;
  readonly byCommand: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
}

/** A value of a file for an option of a command, parsed as on the command line. */
export interface FileValue {
  readonly option: Option;
  readonly value: unknown;
}

/** Flags that are about one run. */
const ofOneRun = new Set([
  'config',
  'check',
  'help',
  'yes',
  'dry-run',
  'rebuild',
  'adopt',
  'reseed',
  'param',
  'param-env',
]);

/** Variables of flags that stand for another flag than the settings of a client. */
const variables: Readonly<Record<string, readonly string[]>> = {
  'token-file': ['CFLUX_TOKEN'],
  username: ['INFLUX_USERNAME'],
  'password-file': ['INFLUX_PASSWORD'],
  passwords: ['CFLUX_PASSWORDS'],
};

/** Returns the environment variables that have precedence over a flag of the file. */
export const variablesOf = (name: string): readonly string[] =>
  variables[name] ?? settings.find(({ flag }) => flag === `--${name}`)?.env ?? [];

/** Which file is read, and whether a user named it. */
export function configFileOf(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  otherwise: string,
): { readonly file: string; readonly isNamed: boolean } {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  let named: string | undefined;
  for (const [at, argument] of own.entries()) {
    if (argument.startsWith('--config=')) named = argument.slice('--config='.length);
    else if (argument === '--config') named = own[at + 1];
  }
  const file = named ?? (env['CFLUX_CONFIG'] || undefined);
  return file === undefined ? { file: otherwise, isNamed: false } : { file, isNamed: true };
}

/** Reads a configuration file; `undefined` if it does not exist and was not named. @throws CfluxError `INVALID_OPTION` */
export function readConfigFile(
  { file, isNamed }: { readonly file: string; readonly isNamed: boolean },
  commands: readonly Command[],
): FileConfig | undefined {
  let content: Record<string, unknown>;
  try {
    content = parseToml(secretText(readFileSync(file)));
  } catch (cause) {
    if (!isNamed && systemCode(cause) === 'ENOENT') return undefined;
    throw new CfluxError('INVALID_OPTION', `configuration: ${reasonOf(file, cause)}`, { cause });
  }
  const common = new Map<string, unknown>();
  const byCommand = new Map<string, ReadonlyMap<string, unknown>>();
  for (const [name, value] of Object.entries(content)) {
    if (isTable(value)) byCommand.set(name, new Map(Object.entries(value)));
    else common.set(name, value);
  }
  const config = { file, common, byCommand };
  checkNames(config, commands);
  return config;
}

/** Checks names and values of the whole file. @throws CfluxError `INVALID_OPTION` for the first error */
export function checkConfig(config: FileConfig, commands: readonly Command[]): void {
  for (const command of commands) valuesFor(config, command);
}

/** Returns what the file has for `command`: its table, then what is common. @throws CfluxError `INVALID_OPTION` */
export function valuesFor({ file, common, byCommand }: FileConfig, command: Command): readonly FileValue[] {
  const table = byCommand.get(command.name());
  const names = new Set([...(table?.keys() ?? []), ...common.keys()]);
  return [...names].flatMap((name) => {
    const isOwn = table?.has(name) === true;
    const value = isOwn ? table.get(name) : common.get(name);
    const place = isOwn ? `${file}, [${command.name()}] ${name}` : `${file}, ${name}`;
    const option = optionFor(command, name, value);
    if (option === undefined) return [];
    const parsed = parsedValue(option, value, place);
    return parsed === undefined ? [] : [{ option, value: parsed }];
  });
}

/** Returns the option with this name; for `false`, its `--no-…` form. */
function optionFor(command: Command, name: string, value: unknown): Option | undefined {
  const found = command.options.filter((option) => nameOf(option) === name);
  return found.find(({ negate }) => negate === (value === false)) ?? found[0];
}

const nameOf = ({ long }: Option): string => (long ?? '').replace(/^--(no-)?/, '');

function parsedValue(option: Option, value: unknown, place: string): unknown {
  const takesValue = option.required || option.optional;
  if (option.negate) return value === false ? false : undefined;
  if (typeof value === 'boolean' && (!takesValue || option.optional)) return value ? true : undefined;
  if (!takesValue) throw invalid(place, 'write true or false');
  const items = Array.isArray(value) ? value : [value];
  if (items.length === 0 || !items.every((item) => typeof item === 'string' || typeof item === 'number'))
    throw invalid(place, 'write a string, a number or a list of strings');
  const texts = items.map(String);
  const { parseArg } = option;
  try {
    if (parseArg === undefined) return texts.join(',');
    if (!Array.isArray(value)) return parseArg(texts.join(','), undefined);
    return texts.reduce<unknown>((previous, text) => parseArg(text, previous), undefined);
  } catch (cause) {
    throw invalid(place, CfluxError.from(cause).message, cause);
  }
}

function checkNames({ file, common, byCommand }: FileConfig, commands: readonly Command[]): void {
  const all = new Set(commands.flatMap((command) => namesOf(command)));
  for (const name of common.keys()) checkName(name, [...all], file);
  for (const [section, table] of byCommand) {
    const command = commands.find((each) => each.name() === section);
    if (command === undefined)
      throw unknown(
        file,
        `[${section}]`,
        nearestName(
          section,
          commands.map((each) => each.name()),
        ),
      );
    for (const name of table.keys()) checkName(name, namesOf(command), `${file}, [${section}]`);
  }
}

const namesOf = (command: Command): readonly string[] =>
  command.options.map(nameOf).filter((name) => !ofOneRun.has(name));

function checkName(name: string, known: readonly string[], place: string): void {
  if (!known.includes(name)) throw unknown(place, name, nearestName(name, known));
}

const unknown = (place: string, name: string, nearest: string | undefined) =>
  invalid(
    `${place}, ${name}`,
    nearest === undefined
      ? 'unknown; write flags of commands without dashes'
      : `unknown; did you mean ${nearest}?`,
  );

const invalid = (place: string, why: string, cause?: unknown) =>
  new CfluxError('INVALID_OPTION', `configuration: ${place}: ${why}`, { cause });

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
