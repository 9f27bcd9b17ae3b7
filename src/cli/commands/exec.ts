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
import { checkWaitFlags, type WaitFlags, waitIfAsked, withWaitFlags } from '../wait-flags.js';
import { type TargetFlags, withTarget, withTargetFlags } from '../with-target.js';

interface Flags extends TargetFlags, ParameterFlags, WaitFlags {
  readonly file?: readonly string[];
  readonly db?: string;
  readonly atomic?: true;
  readonly format: QueryFormat;
}

const help = `
Executes InfluxQL on the metadata of the cluster; the agents make the changes on the servers. Only statements that change
or show metadata are allowed: SELECT and other statements about points are refused before anything is executed.

Each statement makes its own version, and the first failure ends the run; with --atomic all statements make one version,
or none. A server drops databases and policies only if its agent has --allow-drops.

With --wait the command ends when every node has the changes: agents when their server has them, others when they hold
the version. Legacy clients report no versions and are not waited for.

Examples:
  cflux exec --cluster prod 'CREATE DATABASE sensors WITH DURATION 30d'
  cflux exec --cluster prod --file schema.iql --atomic
  cflux exec 'CREATE DATABASE sensors' --wait --timeout 30s
  cflux exec 'CREATE USER bob WITH PASSWORD $bob' --param-env bob=BOB_PASSWORD
  cflux exec 'SHOW RETENTION POLICIES' --db sensors --format json | jq`;

export function execCommand(terminal: Terminal): Command {
  return withWaitFlags(
    withTargetFlags(new Command('exec').description('Execute InfluxQL statements on a cluster.')),
  )
    .argument('[statements...]', 'InfluxQL; default without --file: standard input')
    .option('--file <file>', 'file of statements, - for standard input; repeatable', collect)
    .option('--db <database>', 'default database of statements')
    .option('--atomic', 'all statements in one version, or none')
    .option('--param <name=value>', 'value of the parameter $name; repeatable', collect)
    .option(
      '--param-env <name=VARIABLE>',
      'value of the parameter $name from the environment, for passwords; repeatable',
      collect,
    )
    .addOption(new Option('--format <format>', 'output format').choices(queryFormats).default('table'))
    .addHelpText('after', help)
    .action(async (args: readonly string[], flags: Flags) => {
      checkWaitFlags(flags);
      const sources = await scriptTexts(args, flags.file ?? [], terminal);
      const statements = parseScript(sources, parametersOf(flags, terminal));
      if (statements.length === 0) throw new CfluxError('INVALID_OPTION', 'no statements');
      if (showsPassword(args, flags.param ?? [])) {
        terminal.err(
          'cflux: other users of this machine can see a password on the command line; write PASSWORD $name, pass --param-env name=VARIABLE',
        );
      }
      await withTarget(flags, terminal, (target) => execute(target, statements, flags, terminal));
    });
}

async function execute(
  target: ClusterTarget,
  statements: readonly ScriptStatement[],
  { db, atomic, format, ...waiting }: Flags,
  terminal: Terminal,
): Promise<void> {
  const prepared = await prepareStatements(statements.map(onCluster), hashByDefault);
  // Fails for a cluster without data before the first statement.
  await target.data();
  const runner = new StatementRunner(target, db === undefined ? {} : { database: db });
  const outcomes = await (atomic ? runner.runTogether(prepared) : runner.runEach(prepared));
  writeResults({ results: outcomes.map((outcome, at) => resultOf(outcome, at)) }, format, terminal);
  tellOfChanges(statements, outcomes, target, terminal);
  logFailure(statements, outcomes, atomic ?? false);
  await waitIfAsked(target, waiting, terminal);
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
      'cflux: servers keep dropped items unless their agent has --allow-drops; more than --max-drops at once need `cflux confirm-drops`',
    );
  }
}

/** Logs which statement failed, and whether the others were executed. */
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
      ? `; the statements after it were not executed`
      : '';
  throw new CfluxError(
    code,
    `${statements[at]?.place}: ${message}${outcome.error.outcome === 'unknown' ? '' : others}`,
    {
      cause: outcome.error,
    },
  );
}
