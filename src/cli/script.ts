import { readFileSync } from 'node:fs';
import { CfluxError, isCfluxError } from '../errors.js';
import type { BoundParameters, ClusterStatement, MetadataRead, PlacedStatement } from '../influxql/index.js';
import { parseStatements, splitStatements } from '../influxql/index.js';
import { positionOf } from '../influxql/syntax-error.js';
import { secretText } from '../secret-file.js';
import { reasonOf } from './file-of.js';
import type { Terminal } from './terminal.js';

/** A text with statements, and its name in messages. */
export interface ScriptText {
  readonly name: string;
  readonly text: string;
}

/** A statement of a script, and its place: `statement 3 (schema.iql, line 7, column 1)`. */
export interface ScriptStatement extends PlacedStatement {
  readonly place: string;
  readonly source: ScriptText;
}

/**
 * Reads the texts of the arguments, or of the files (`-` is standard input), or of standard input.
 *
 * @throws CfluxError `INVALID_OPTION` if there are no statements, or a file cannot be read.
 */
export async function scriptTexts(
  args: readonly string[],
  files: readonly string[],
  terminal: Terminal,
): Promise<readonly ScriptText[]> {
  if (args.length > 0 && files.length > 0) {
    throw new CfluxError('INVALID_OPTION', 'pass statements as arguments or by --file, not both');
  }
  if (args.length > 0) {
    return args.map((text, at) => ({ name: args.length === 1 ? '' : `argument ${at + 1}`, text }));
  }
  const texts: ScriptText[] = [];
  for (const file of files.length === 0 ? ['-'] : files) {
    texts.push(file === '-' ? await standardInput(terminal) : { name: file, text: fileText(file) });
  }
  return texts;
}

async function standardInput(terminal: Terminal): Promise<ScriptText> {
  const bytes = await terminal.input();
  if (bytes === undefined) {
    throw new CfluxError(
      'INVALID_OPTION',
      'no statements; pass them as arguments, by --file, or on standard input',
    );
  }
  return { name: 'standard input', text: decoded('standard input', () => bytes) };
}

const fileText = (file: string) => decoded(file, () => readFileSync(file));

function decoded(name: string, read: () => Buffer): string {
  try {
    return secretText(read());
  } catch (cause) {
    throw new CfluxError('INVALID_OPTION', reasonOf(name, cause), { cause });
  }
}

/**
 * Parses the statements of `sources`, numbered from 1 across all of them. Each text is parsed separately, so that an unclosed quote or
 * comment does not extend into the next one.
 *
 * @throws CfluxError `INFLUXQL_SYNTAX` with the name of the text, line and column; the message never contains a password.
 */
export function parseScript(
  sources: readonly ScriptText[],
  parameters: BoundParameters,
): readonly ScriptStatement[] {
  let number = 0;
  return sources.flatMap((source) =>
    parsed(source, parameters).map((placed) => {
      number += 1;
      return { ...placed, source, place: `statement ${number} (${placeOf(source, placed.start)})` };
    }),
  );
}

/**
 * Returns the statement as one that the cluster executes.
 *
 * @throws CfluxError `STATEMENT_NOT_SUPPORTED` for a statement that only a server can execute.
 */
export function onCluster({ statement, place }: ScriptStatement): ClusterStatement | MetadataRead {
  if (statement.kind !== 'server') return statement;
  throw new CfluxError(
    'STATEMENT_NOT_SUPPORTED',
    `${place}: cannot execute ${statement.command} on the cluster: it concerns the data of a single server; execute it there, by \`influx\` or its /query`,
  );
}

function placeOf({ name, text }: ScriptText, offset: number): string {
  const { line, char } = positionOf(text, offset);
  return `${name === '' ? '' : `${name}, `}line ${line}, column ${char}`;
}

function parsed(source: ScriptText, parameters: BoundParameters): readonly PlacedStatement[] {
  try {
    return parseStatements(source.text, parameters);
  } catch (error) {
    if (!isCfluxError(error, 'INFLUXQL_SYNTAX')) throw error;
    const shown = withoutPasswords(source.text, error.message).replace(/, char (\d+)$/, ', column $1');
    throw new CfluxError('INFLUXQL_SYNTAX', `${source.name === '' ? '' : `${source.name}: `}${shown}`);
  }
}

/** Hides the token that the parser found if it is in a statement with a password. */
function withoutPasswords(text: string, message: string): string {
  const [, line, char] = /line (\d+), char (\d+)$/.exec(message) ?? [];
  const isSecret = splitStatements(text).some(({ start, end }) => {
    if (!/\bpassword\b/i.test(text.slice(start, end))) return false;
    const [first, last] = [positionOf(text, start), positionOf(text, end)];
    const isBehindStart =
      Number(line) > first.line || (Number(line) === first.line && Number(char) >= first.char - 1);
    return line === undefined || (isBehindStart && Number(line) <= last.line);
  });
  return isSecret ? message.replace(/^found .*, expected /s, 'found [REDACTED], expected ') : message;
}
