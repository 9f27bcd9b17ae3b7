import { CfluxError } from '../errors.js';
import { hashByDefault, prepareStatements } from '../influxql/execute/prepare-statements.js';
import { StatementRunner } from '../influxql/execute/run-statements.js';
import type { BoundParameters } from '../influxql/index.js';
import { LocalMetaClient } from '../meta/local-meta-client.js';
import type { Password } from '../meta/password.js';
import type { MetaData } from '../meta/records.js';
import { randomUuid, systemRandom } from '../random.js';
import { passwordOrigins } from './exposed-passwords.js';
import { onCluster, parseScript, type ScriptText } from './script.js';

/** The password of a user of a file. */
export type DeclaredPassword =
  | { readonly kind: 'given'; readonly password: Password }
  /** The parameter has no value: an existing user keeps the password. */
  | { readonly kind: 'kept'; readonly parameter: string };

/** The schema that a file declares. */
export interface DeclaredSchema {
  readonly data: MetaData;
  readonly passwords: ReadonlyMap<string, DeclaredPassword>;
}

/**
 * Executes the statements of a file on empty metadata.
 *
 * @throws CfluxError with the place of the statement that cannot be parsed or executed.
 */
export async function declaredSchema(
  source: ScriptText,
  parameters: BoundParameters,
): Promise<DeclaredSchema> {
  // Placeholders that no password equals.
  const mark = randomUuid(systemRandom);
  const unset = passwordOrigins(source.text).flatMap((origin) =>
    origin.kind === 'parameter' && !Object.hasOwn(parameters, origin.name) ? [origin.name] : [],
  );
  const marks = Object.fromEntries(unset.map((name) => [name, `${mark} ${name}`]));
  const statements = parseScript([source], { ...marks, ...parameters });
  if (statements.length === 0)
    throw new CfluxError('INVALID_OPTION', `${source.name}: the file has no statement`);
  const prepared = await prepareStatements(statements.map(onCluster), async (password) =>
    password.startsWith(mark)
      ? { hash: password, matches: async (hash) => hash === password }
      : hashByDefault(password),
  );
  const meta = new LocalMetaClient();
  const runner = new StatementRunner(
    { data: () => meta.data(), mutate: async (operation) => operation(meta) },
    {},
  );
  for (const [at, outcome] of (await runner.runEach(prepared)).entries()) {
    if (outcome.state !== 'failed') continue;
    throw new CfluxError(outcome.error.code, `${statements[at]?.place}: ${outcome.error.message}`);
  }
  const passwords = new Map<string, DeclaredPassword>();
  for (const { statement, password } of prepared) {
    if ((statement.kind !== 'createUser' && statement.kind !== 'setPassword') || password === undefined)
      continue;
    const isKept = password.hash.startsWith(mark);
    const parameter = password.hash.slice(mark.length + 1);
    passwords.set(statement.name, isKept ? { kind: 'kept', parameter } : { kind: 'given', password });
  }
  return { data: meta.data(), passwords };
}
