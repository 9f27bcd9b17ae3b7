import { CfluxError, isCfluxError } from '../../errors.js';
import { parseLosslessJson } from '../../influxdb/connect/lossless-json.js';
import { internalDatabase } from '../../influxdb/statements/item.js';
import type { BoundParameters } from '../../influxql/bound-parameters.js';
import { isRead } from '../../influxql/execute/read-metadata.js';
import { parseStatements } from '../../influxql/parse-statements.js';
import type { ClusterStatement, MetadataRead, PlacedStatement } from '../../influxql/statement.js';
import { isJsonObject } from '../../json-object.js';

/** A statement of a request, and what executes it. */
export type ClassifiedStatement =
  | { readonly by: 'cluster'; readonly statement: ClusterStatement | MetadataRead; readonly text: string }
  /** `command`: its first words. */
  | { readonly by: 'server'; readonly command: string; readonly text: string };

/** Returns whether a subscription belongs to each server alone. */
export type IsLocalSubscription = (name: string) => boolean;

/**
 * Returns the statements of `text`; an error if it cannot be parsed here.
 *
 * Reads of metadata are the server's, except for users and grants: a server lacks users whose password is not known there.
 */
export function classify(
  text: string,
  params: string,
  isLocal: IsLocalSubscription,
): readonly ClassifiedStatement[] | CfluxError {
  try {
    return parseStatements(text, boundParameters(params)).map((placed) => classified(placed, text, isLocal));
  } catch (error) {
    if (isCfluxError(error)) return error;
    throw error;
  }
}

function classified(
  { statement, start, end }: PlacedStatement,
  whole: string,
  isLocal: IsLocalSubscription,
): ClassifiedStatement {
  const text = whole.slice(start, end);
  if (statement.kind === 'server') return { by: 'server', command: statement.command, text };
  if (isRead(statement)) {
    const isOfCluster = statement.kind === 'showUsers' || statement.kind === 'showGrants';
    return isOfCluster ? { by: 'cluster', statement, text } : { by: 'server', command: 'SHOW', text };
  }
  return isOfServer(statement, isLocal)
    ? { by: 'server', command: statement.kind.toUpperCase(), text }
    : { by: 'cluster', statement, text };
}

/** What a mirror leaves to each server. */
function isOfServer(statement: ClusterStatement, isLocal: IsLocalSubscription): boolean {
  switch (statement.kind) {
    case 'createDatabase':
    case 'dropDatabase':
      return statement.name === internalDatabase;
    case 'createSubscription':
    case 'dropSubscription':
      return statement.database === internalDatabase || isLocal(statement.name);
    default:
      return 'database' in statement && statement.database === internalDatabase;
  }
}

/** The server checks the parameters; what it accepts can be read here. */
function boundParameters(json: string): BoundParameters {
  if (json === '') return {};
  try {
    const value = firstJson(json);
    if (value === null) return {};
    if (isJsonObject(value)) return value as BoundParameters;
  } catch {
    // Said by the error below.
  }
  throw new CfluxError('INFLUXQL_SYNTAX', 'the parameters are not a JSON object');
}

/** Go ignores what follows the first JSON value. */
function firstJson(json: string): unknown {
  try {
    return parseLosslessJson(json);
  } catch (error) {
    const position = /non-whitespace character after JSON at position (\d+)/.exec(String(error))?.[1];
    if (position === undefined) throw error;
    return parseLosslessJson(json.slice(0, Number(position)));
  }
}
