import { CfluxError } from '../errors.js';
import type { BoundParameters, BoundValue } from '../influxql/index.js';
import type { Terminal } from './terminal.js';

/** Flags with the values of bound parameters. */
export interface ParameterFlags {
  readonly param?: readonly string[];
  readonly paramEnv?: readonly string[];
}

/**
 * Returns the parameters of the flags: `name=value` as a string, or as an object in InfluxDB's form (`{"identifier":"x"}`), and
 * `name=VARIABLE` from the environment, always as a string.
 *
 * @throws CfluxError `INVALID_OPTION`; the message never contains a value.
 */
export function parametersOf(
  { param = [], paramEnv = [] }: ParameterFlags,
  { env }: Terminal,
  options: { readonly mayBeUnset?: boolean } = {},
): BoundParameters {
  const values = new Map<string, BoundValue>();
  const set = (name: string, value: BoundValue) => {
    if (values.has(name)) throw refused(`the parameter ${JSON.stringify(name)} is given twice`);
    values.set(name, value);
  };
  for (const text of param) {
    const [name, value] = halves('--param', text, text.indexOf('='));
    set(name, objectOf(value) ?? value);
  }
  for (const text of paramEnv) {
    // A parameter name may contain an equals sign; a variable name cannot.
    const [name, variable] = halves('--param-env', text, text.lastIndexOf('='));
    // An empty variable most likely means a forgotten password.
    const value = env[variable] || undefined;
    if (value !== undefined) set(name, value);
    else if (!options.mayBeUnset) throw refused(`--param-env: the variable ${variable} is not set`);
  }
  return Object.fromEntries(values);
}

function halves(flag: string, text: string, at: number): readonly [string, string] {
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw refused(`${flag}: write name=${flag === '--param' ? 'value' : 'VARIABLE'}`);
}

/** Parses InfluxDB's form of a value that is not a string. */
function objectOf(text: string): BoundValue | undefined {
  if (!/^\{\s*"(identifier|string|regex|duration|integer|float)"/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const refused = (why: string) => new CfluxError('INVALID_OPTION', why);
