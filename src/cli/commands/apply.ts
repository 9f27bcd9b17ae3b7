import { Command, InvalidArgumentError } from 'commander';
import { CfluxError } from '../../errors.js';
import { LocalMetaClient } from '../../meta/local-meta-client.js';
import type { MetaData } from '../../meta/records.js';
import { checkAdministrators } from '../administrators.js';
import { absent, applySchema, type Prune } from '../apply-schema.js';
import type { ClusterTarget } from '../cluster-target.js';
import { type DeclaredSchema, declaredSchema } from '../declared-schema.js';
import { EndWith, exitCode } from '../exit-code.js';
import { differenceLines, differences } from '../metadata-differences.js';
import { metadataTree } from '../metadata-tree.js';
import { type ParameterFlags, parametersOf } from '../parameters.js';
import { collect } from '../parse.js';
import { scriptTexts } from '../script.js';
import type { Terminal } from '../terminal.js';
import { type TargetFlags, withTarget, withTargetFlags } from '../with-target.js';

interface Flags extends TargetFlags, ParameterFlags {
  readonly prune?: Prune;
  readonly yes?: true;
  readonly dryRun?: true;
}

const help = `
The statements of the file, executed on empty metadata, say what shall be there. What differs is shown as \`cflux diff\`
shows it, and made in one version. Applied again, the file changes nothing.

Nothing is removed without --prune. With it go what the file does not have: policies, queries and subscriptions of its
databases and grants of its users; whole databases and users only with --prune=databases,users.

A password is best a parameter: CREATE USER bob WITH PASSWORD $bob. Where it has no value (its variable is not set or
empty), a user who is there keeps the password, and a new one is an error.

Examples:
  cflux apply schema.iql --cluster prod --dry-run      exit code 2 if there is something to do
  cflux apply schema.iql --cluster prod --yes --param-env bob=BOB_PASSWORD
  cflux apply schema.iql --prune=databases
  cflux export prod --format iql > schema.iql          such a file from a cluster`;

const kinds = ['databases', 'users'];

/** `--prune`, `--prune=databases,users`. */
function parsePrune(text: string): Prune {
  const named = text.split(',');
  const unknown = named.find((kind) => !kinds.includes(kind));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`write --prune, or --prune=databases,users; a file stands before it`);
  }
  return { parts: true, databases: named.includes('databases'), users: named.includes('users') };
}

const partsOnly: Prune = { parts: true, databases: false, users: false };
const nothing: Prune = { parts: false, databases: false, users: false };

export function applyCommand(terminal: Terminal): Command {
  return withTargetFlags(new Command('apply').description('Bring a cluster to what a file of InfluxQL says.'))
    .argument('<file>', 'CREATE and GRANT statements; - for standard input')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only say what would change: exit code 2 if there is something')
    .option('--prune [kinds]', 'remove what the file does not have', parsePrune)
    .option('--param <name=value>', 'value of the parameter $name; repeatable', collect)
    .option('--param-env <name=VARIABLE>', 'the same, from the environment: for passwords', collect)
    .addHelpText('after', help)
    .action(async (file: string, flags: Flags & { readonly prune?: Prune | true }) => {
      const [source] = await scriptTexts([], [file], terminal);
      if (source === undefined) return;
      const schema = await declaredSchema(source, parametersOf(flags, terminal, { mayBeUnset: true }));
      const prune = flags.prune === true ? partsOnly : (flags.prune ?? nothing);
      await withTarget(flags, terminal, (target) => apply(target, schema, { ...flags, prune }, terminal));
    });
}

async function apply(
  target: ClusterTarget,
  schema: DeclaredSchema,
  { yes, dryRun, prune, allowNoAdmin }: Flags & { readonly prune: Prune },
  terminal: Terminal,
): Promise<void> {
  const current = await target.data();
  const plan = new LocalMetaClient({ data: current });
  await applySchema(plan, schema, prune);
  const lines = changesOf(current, plan.data());
  if (lines.length === 0) {
    terminal.out(`Version ${target.version} has all of it: nothing to do.`);
    return;
  }
  if (!allowNoAdmin) checkAdministrators(current, plan.data());
  for (const line of lines) terminal.out(line);
  const removed = absent(current.users, plan.data().users).map(({ name }) => JSON.stringify(name));
  if (removed.length > 0) terminal.out(`\nUsers that are removed: ${removed.join(', ')}`);
  if (dryRun) {
    terminal.out('\nThis is what would change; nothing was.');
    throw new EndWith(exitCode.wouldChange);
  }
  if (!yes) await confirm(terminal);
  await target.mutate(async (meta) => {
    const before = meta.data();
    await applySchema(meta, schema, prune);
    if (changesOf(before, meta.data()).join('\n') !== lines.join('\n')) throw otherPlan();
  });
  terminal.out(`\nApplied, as version ${target.version}.`);
}

const changesOf = (before: MetaData, after: MetaData) =>
  differenceLines(differences(metadataTree(before), metadataTree(after)));

async function confirm(terminal: Terminal): Promise<void> {
  const answer = await terminal.ask('\nMake these changes? Type yes: ');
  if (answer === undefined) throw new CfluxError('INVALID_OPTION', 'nobody can be asked here: say --yes');
  if (answer.trim() !== 'yes') throw new CfluxError('INVALID_OPTION', 'nothing was changed');
}

/** What is made is what was shown. */
const otherPlan = () =>
  new CfluxError(
    'CONFLICT_TIMEOUT',
    'somebody else changed the same things meanwhile, so that this would do something else than shown; nothing was changed: look again',
    { outcome: 'notApplied' },
  );
