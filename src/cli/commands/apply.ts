import { Command, InvalidArgumentError } from 'commander';
import { CfluxError } from '../../errors.js';
import { checkAdministrators } from '../../meta/administrators.js';
import { LocalMetaClient } from '../../meta/local-meta-client.js';
import { differenceLines, differences } from '../../meta/metadata-differences.js';
import { metadataTree } from '../../meta/metadata-tree.js';
import { findByName } from '../../meta/named-list.js';
import type { MetaData } from '../../meta/records.js';
import type { OrderedItem } from '../../protocol/drop-orders.js';
import { absent, applySchema, type Prune } from '../apply-schema.js';
import type { ClusterTarget } from '../cluster-target.js';
import { type DeclaredSchema, declaredSchema } from '../declared-schema.js';
import { EndWith, exitCode } from '../exit-code.js';
import { type ParameterFlags, parametersOf } from '../parameters.js';
import { collect } from '../parse.js';
import { scriptTexts } from '../script.js';
import type { Terminal } from '../terminal.js';
import { checkWaitFlags, type WaitFlags, waitIfAsked, withWaitFlags } from '../wait-flags.js';
import { type TargetFlags, withTarget, withTargetFlags } from '../with-target.js';

interface Flags extends TargetFlags, ParameterFlags, WaitFlags {
  readonly prune?: Prune;
  readonly yes?: true;
  readonly dryRun?: true;
  readonly drop?: true;
}

const help = `
The file declares the schema: its statements are executed on empty metadata, and the differences to the cluster are
shown as by \`cflux diff\` and made in one version. Applying the file again changes nothing.

Nothing is removed without --prune. With it, items that are not in the file are removed: policies, queries and
subscriptions of its databases and grants of its users; whole databases and users only with --prune=databases,users.

Use a parameter for a password: CREATE USER bob WITH PASSWORD $bob. If the parameter has no value (its variable is not
set or empty), an existing user keeps the password, and a new user is an error.

With --wait the command ends when every node has the version, also if there was nothing to do.

Examples:
  cflux apply schema.iql --cluster prod --dry-run      exit code 2 if there are changes
  cflux apply schema.iql --cluster prod --yes --param-env bob=BOB_PASSWORD
  cflux apply schema.iql --prune=databases
  cflux export prod --format iql > schema.iql          write such a file from a cluster`;

const kinds = ['databases', 'users'];

/** `--prune`, `--prune=databases,users`. */
function parsePrune(text: string): Prune {
  const named = text.split(',');
  const unknown = named.find((kind) => !kinds.includes(kind));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`write --prune, or --prune=databases,users; write the file before it`);
  }
  return { parts: true, databases: named.includes('databases'), users: named.includes('users') };
}

const partsOnly: Prune = { parts: true, databases: false, users: false };
const nothing: Prune = { parts: false, databases: false, users: false };

export function applyCommand(terminal: Terminal): Command {
  return withWaitFlags(
    withTargetFlags(new Command('apply').description('Change a cluster to match a file of InfluxQL.')),
  )
    .argument('<file>', 'file of CREATE and GRANT statements; - for standard input')
    .option('--yes', 'do not ask for confirmation')
    .option('--dry-run', 'only show what would change; exit code 2 if there are changes')
    .option('--drop', 'also order every server to drop what --prune removes, with all points')
    .option('--prune [kinds]', 'remove items that are not in the file', parsePrune)
    .option('--param <name=value>', 'value of the parameter $name; repeatable', collect)
    .option(
      '--param-env <name=VARIABLE>',
      'value of the parameter $name from the environment, for passwords; repeatable',
      collect,
    )
    .addHelpText('after', help)
    .action(async (file: string, flags: Flags & { readonly prune?: Prune | true }) => {
      checkWaitFlags(flags);
      const [source] = await scriptTexts([], [file], terminal);
      if (source === undefined) return;
      const schema = await declaredSchema(source, parametersOf(flags, terminal, { mayBeUnset: true }));
      const prune = flags.prune === true ? partsOnly : (flags.prune ?? nothing);
      await withTarget(flags, terminal, async (target) => {
        await apply(target, schema, { ...flags, prune }, terminal);
        await waitIfAsked(target, flags, terminal);
      });
    });
}

async function apply(
  target: ClusterTarget,
  schema: DeclaredSchema,
  { yes, dryRun, drop, prune, allowNoAdmin }: Flags & { readonly prune: Prune },
  terminal: Terminal,
): Promise<void> {
  const current = await target.data();
  const plan = new LocalMetaClient({ data: current });
  await applySchema(plan, schema, prune);
  const lines = changesOf(current, plan.data());
  if (lines.length === 0) {
    terminal.out(`Version ${target.version} already matches the file; nothing to do.`);
    return;
  }
  if (!allowNoAdmin) checkAdministrators(current, plan.data());
  for (const line of lines) terminal.out(line);
  const removed = absent(current.users, plan.data().users).map(({ name }) => JSON.stringify(name));
  if (removed.length > 0) terminal.out(`\nUsers to remove: ${removed.join(', ')}`);
  if (dryRun) {
    terminal.out('\nDry run: nothing was changed.');
    throw new EndWith(exitCode.wouldChange);
  }
  if (!yes) await confirm(terminal);
  await target.mutate(async (meta, { orderDrop }) => {
    const before = meta.data();
    await applySchema(meta, schema, prune);
    if (changesOf(before, meta.data()).join('\n') !== lines.join('\n')) throw otherPlan();
    for (const item of drop ? removedItems(before, meta.data()) : []) orderDrop(item);
  });
  terminal.out(`\nApplied as version ${target.version}.`);
  if (target.isOrderIgnored)
    terminal.err('cflux: the manager is older and ignored the drop orders; upgrade it');
}

/** Yields the databases, and the policies of other databases, that a change removes. */
function* removedItems(before: MetaData, after: MetaData): Generator<OrderedItem> {
  for (const { name: database, retentionPolicies } of before.databases) {
    const left = findByName(after.databases, database);
    if (left === undefined) yield { kind: 'database', database };
    else {
      for (const { name: policy } of absent(retentionPolicies, left.retentionPolicies))
        yield { kind: 'retentionPolicy', database, policy };
    }
  }
}

const changesOf = (before: MetaData, after: MetaData) =>
  differenceLines(differences(metadataTree(before), metadataTree(after)));

async function confirm(terminal: Terminal): Promise<void> {
  const answer = await terminal.ask('\nMake these changes? Type yes: ');
  if (answer === undefined)
    throw new CfluxError(
      'INVALID_OPTION',
      'cannot ask for confirmation: standard input is not a terminal; pass --yes',
    );
  if (answer.trim() !== 'yes') throw new CfluxError('INVALID_OPTION', 'not confirmed; nothing was changed');
}

/** Checks that the changes are still the ones that were shown. */
const otherPlan = () =>
  new CfluxError(
    'CONFLICT_TIMEOUT',
    'conflict: the same items changed concurrently, so the changes shown are out of date; nothing was changed; retry',
    { outcome: 'notApplied' },
  );
