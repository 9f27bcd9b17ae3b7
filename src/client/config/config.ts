import { readFileSync } from 'node:fs';
import { optionsCheck } from '../../check-options.js';
import { CfluxError } from '../../errors.js';
import { fileAdvice } from '../../file-access.js';
import { secretText } from '../../secret-file.js';
import { parseToml } from '../../toml.js';
import { shownEndpoint } from '../../transport/endpoints.js';
import { listOf, object, string, text } from '../../value-kinds.js';
import { type Setting, settings, truth } from './config-settings.js';
import type { CfluxOptions } from './options.js';

/** The sources of {@link loadConfig}. */
export interface ConfigSources {
  /** Path of a TOML file, such as a node's `influxdb.conf`; its section `[clusterflux]` is read. Default: none. */
  readonly file?: string;
  /** Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Command line without the program, `--name value` or `--name=value`; other arguments are ignored. Default: none. */
  readonly argv?: readonly string[];
}

const checkSources = optionsCheck<ConfigSources>('loadConfig', {
  file: text,
  env: object,
  argv: listOf(string),
});

/**
 * Reads options from the command line, else the environment, else the file. Options that are in none of them are absent, so that
 * CfluxClient's defaults apply. To override an option, spread your own over the result.
 *
 * @throws CfluxError `INVALID_OPTION` with the name, value and source of the setting
 * @example
 * ```ts
 * const options = loadConfig({ file: '/etc/influxdb/influxdb.conf', argv: ['--heartbeat-interval', '2s'] });
 * console.log(options.cluster, options.heartbeatInterval); // prod 2000
 * const client = new CfluxClient(new LocalMetaClient(), { ...options, startOffline: true });
 * ```
 */
export function loadConfig(sources: ConfigSources = {}): CfluxOptions {
  checkSources(sources);
  const { file, env = process.env, argv = [] } = sources;
  const section = file === undefined ? {} : readSection(file);
  const options: Record<string, unknown> = {};
  for (const setting of settings) {
    const found =
      fromArguments(setting, argv) ?? fromEnvironment(setting, env) ?? fromFile(setting, section, file);
    if (found === undefined) continue;
    const value = setting.read(found.value);
    if (value === undefined) {
      // Errors must not contain a token, even an invalid one, or a password in a URL.
      const shown = setting.option === 'token' ? 'the value' : shownEndpoint(found.value);
      throw new CfluxError('INVALID_OPTION', `${found.source}: ${shown} is not ${setting.wanted}`);
    }
    options[setting.option] = value;
  }
  return options;
}

interface Found {
  readonly value: unknown;
  readonly source: string;
}

function fromArguments({ flag, read }: Setting, argv: readonly string[]): Found | undefined {
  const source = `command line, ${flag}`;
  for (const [i, progress] of argv.entries()) {
    if (progress === '--') return undefined;
    if (progress.startsWith(`${flag}=`)) return { value: progress.slice(flag.length + 1), source };
    if (progress !== flag) continue;
    const following = argv[i + 1];
    const hasValue = following !== undefined && !following.startsWith('--');
    return {
      value: hasValue && !(read === truth && truth(following) === undefined) ? following : '',
      source,
    };
  }
  return undefined;
}

function fromEnvironment({ env: names }: Setting, env: NodeJS.ProcessEnv): Found | undefined {
  const name = names.find((candidate) => env[candidate]);
  return name === undefined ? undefined : { value: env[name], source: `environment, ${name}` };
}

function fromFile({ key }: Setting, section: Record<string, unknown>, file = ''): Found | undefined {
  // As in the legacy client, an empty string in the file means "not set".
  const value = section[key];
  return value === undefined || value === '' ? undefined : { value, source: `${file}, [clusterflux] ${key}` };
}

function readSection(file: string): Record<string, unknown> {
  let tables: Record<string, unknown>;
  try {
    tables = parseToml(secretText(readFileSync(file)));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new CfluxError('INVALID_OPTION', `${file}: ${reason}${fileAdvice(cause)}`, { cause });
  }
  const section = tables['clusterflux'] ?? {};
  if (typeof section !== 'object' || section === null || Array.isArray(section)) {
    throw new CfluxError('INVALID_OPTION', `${file}: "clusterflux" is not a section; write [clusterflux]`);
  }
  return section as Record<string, unknown>;
}
