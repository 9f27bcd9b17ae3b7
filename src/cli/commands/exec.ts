import { Command, Option } from 'commander';
import { CfluxError } from '../../errors.js';
import { hashByDefault, prepareStatements } from '../../influxql/execute/prepare-statements.js';
import { isRead } from '../../influxql/execute/read-metadata.js';
import { resultOf } from '../../influxql/execute/result-of.js';
import { type StatementOutcome, StatementRunner } from '../../influxql/execute/run-statements.js';
import type { ClusterTarget } from '../cluster-target.js';
import { showsPassword } from '../exposed-passwords.js';
import { type ParameterFlags, parametersOf } from '../parameters.js';
import { collect } from '../parse.js';
import { type QueryFormat, queryFormats, writeResults } from '../query-output.js';
import { onCluster, parseScript, type ScriptStatement, scriptTexts } from '../script.js';
import type { Terminal } from '../terminal.js';
import { type TargetFlags, withTarget, withTargetFlags } from '../with-target.js';

interface Flags extends TargetFlags, ParameterFlags {
  readonly file?: readonly string[];
  readonly db?: string;
  readonly atomic?: true;
  readonly format: QueryFormat;
}

const help = `
Executes InfluxQL on the cluster itself: its agents bring it to the servers. Statements that change or show metadata
are executed; SELECT and what else concerns the points of one server is refused before anything is executed.

Each statement is a version of its own, and one that fails ends the run; with --atomic all are one version, or none.
Databases and policies that are dropped go from a server only where its agent has --allow-drops.

Examples:
  cflux exec --cluster prod 'CREATE DATABASE sensors WITH DURATION 30d'
  cflux exec --cluster prod --file schema.iql --atomic
  cflux exec 'CREATE USER bob WITH PASSWORD $bob' --param-env bob=BOB_PASSWORD
  cflux exec 'SHOW RETENTION POLICIES' --db sensors --format json | jq`;

export function execCommand(terminal: Terminal): Command {
  return withTargetFlags(new Command('exec').description('Execute InfluxQL statements on a cluster.'))
    .argument('[statements...]', 'InfluxQL; without, and without --file, standard input')
    .option('--file <file>', 'a file of statements, - for standard input; repeatable', collect)
    .option('--db <database>', 'the database of statements that name none')
    .option('--atomic', 'all statements in one version, or none')
    .option('--param <name=value>', 'value of the parameter $name; repeatable', collect)
    .option('--param-env <name=VARIABLE>', 'the same, from the environment: for passwords', collect)
    .addOption(new Option('--format <format>', 'of results').choices(queryFormats).default('table'))
    .addHelpText('after', help)
    .action(async (args: readonly string[], flags: Flags) => {
      const sources = await scriptTexts(args, flags.file ?? [], terminal);
      const statements = parseScript(sources, parametersOf(flags, terminal));
      if (statements.length === 0) throw new CfluxError('INVALID_OPTION', 'there is no statement');
      if (showsPassword(args, flags.param ?? [])) {
        terminal.err(
          'cflux: a password on the command line is seen by everybody on this machine: write PASSWORD $name, and say --param-env name=VARIABLE',
        );
      }
      await withTarget(flags, terminal, (target) => execute(target, statements, flags, terminal));
    });
}

async function execute(
  target: ClusterTarget,
  statements: readonly ScriptStatement[],
  { db, atomic, format }: Flags,
  terminal: Terminal,
): Promise<void> {
  const prepared = await prepareStatements(statements.map(onCluster), hashByDefault);
  // A cluster without data is refused before the first statement.
  await target.data();
  const runner = new StatementRunner(target, db === undefined ? {} : { database: db });
  const outcomes = await (atomic ? runner.runTogether(prepared) : runner.runEach(prepared));
  writeResults({ results: outcomes.map((outcome, at) => resultOf(outcome, at)) }, format, terminal);
  tellOfChanges(statements, outcomes, target, terminal);
  logFailure(statements, outcomes, atomic ?? false);
}

function tellOfChanges(
  statements: readonly ScriptStatement[],
  outcomes: readonly StatementOutcome[],
  target: ClusterTarget,
  terminal: Terminal,
): void {
  const made = statements
    .map(onCluster)
    .filter((statement, at) => outcomes[at]?.state === 'done' && !isRead(statement));
  if (made.length === 0) return;
  terminal.err(
    `cflux: ${made.length === 1 ? '1 change' : `${made.length} changes`}; version ${target.version}`,
  );
  if (made.some(({ kind }) => kind === 'dropDatabase' || kind === 'dropRetentionPolicy')) {
    terminal.err(
      'cflux: servers keep what was dropped, points and all, unless their agent has --allow-drops; more drops at once than its --max-drops wait for `cflux confirm-drops`',
    );
  }
}

/** Names the statement that failed, and what became of the others. */
function logFailure(
  statements: readonly ScriptStatement[],
  outcomes: readonly StatementOutcome[],
  atomic: boolean,
): void {
  const at = outcomes.findIndex(({ state }) => state === 'failed');
  const outcome = outcomes[at];
  if (outcome?.state !== 'failed') return;
  const { code, message } = outcome.error;
  const others = atomic
    ? '; nothing was changed'
    : at + 1 < statements.length
      ? `; the statements behind it were not executed`
      : '';
  throw new CfluxError(
    code,
    `${statements[at]?.place}: ${message}${outcome.error.outcome === 'unknown' ? '' : others}`,
    {
      cause: outcome.error,
    },
  );
}
