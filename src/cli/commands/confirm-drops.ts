import { Command } from 'commander';
import { CfluxError } from '../../errors.js';
import { LedgerStore } from '../../influxdb/ledger/ledger-store.js';
import { droppedBy } from '../../influxql/execute/execute-change.js';
import { isRead } from '../../influxql/execute/read-metadata.js';
import { parseStatements } from '../../influxql/index.js';
import { printable } from '../../printable.js';
import type { OrderedItem } from '../../protocol/drop-orders.js';
import { isThere } from '../../protocol/revoked-orders.js';
import type { ClusterTarget } from '../cluster-target.js';
import { type ManagerFlags, withManagerFlags } from '../connections.js';
import type { Terminal } from '../terminal.js';
import { withTarget } from '../with-target.js';

interface Flags extends ManagerFlags {
  readonly data: string;
  readonly all?: true;
}

const help = `
An agent with --allow-drops holds back more drops at once than --max-drops, and logs a confirmation id for them. This
command confirms exactly those drops: the agent makes them once, at its next check of the server.

With --all, the databases and retention policies among them are dropped on every server whose agent has --allow-drops, by
an order at the manager (scope admin). What the cluster has again is refused.

Examples:
  cflux confirm-drops 5c1f0a93b2d4e687 --data /var/lib/cflux
  cflux confirm-drops 5c1f0a93b2d4e687 --data /var/lib/cflux --all --cluster prod`;

export function confirmDropsCommand(terminal: Terminal): Command {
  return withManagerFlags(
    new Command('confirm-drops')
      .description('Confirm the drops that an agent holds back.')
      .argument('<confirmation>', 'id from the log of the agent')
      .requiredOption('--data <dir>', 'directory of the agent')
      .option('--all', 'on all servers of the cluster, by an order at the manager'),
  )
    .addHelpText('after', help)
    .action(async (confirmation: string, flags: Flags) => {
      const store = new LedgerStore(flags.data);
      const statements = (await store.load())?.confirmable.get(confirmation);
      if (statements === undefined) throw notPending(confirmation, flags.data);
      if (flags.all) {
        await withTarget(flags, terminal, (target) => orderAll(target, statements, terminal));
        return;
      }
      await store.confirm(confirmation);
      for (const statement of statements) terminal.out(printable(statement));
      terminal.out(`confirmed ${confirmation}: the agent makes these drops at its next check of the server`);
    });
}

/** Orders the drops of databases and policies among `statements` on all servers. */
async function orderAll(
  target: ClusterTarget,
  statements: readonly string[],
  terminal: Terminal,
): Promise<void> {
  const dropped = statements.map((statement) => ({ statement, item: itemIn(statement) }));
  const items = dropped.flatMap(({ item }) => item ?? []);
  if (items.length === 0) throw nothingToOrder();
  await target.mutate(
    (meta, { orderDrop }) => {
      // On the newest metadata: another client may have created it again.
      const data = meta.data();
      for (const item of items) {
        if (isThere(data, item)) throw isThereAgain(item);
        orderDrop(item);
      }
    },
    { confirmed: true },
  );
  if (target.isOrderIgnored) throw olderManager();
  for (const { statement, item } of dropped) {
    terminal.out(item === undefined ? `not ordered: ${printable(statement)}` : printable(statement));
  }
  terminal.out(
    `ordered with version ${target.version}: every agent with --allow-drops makes these drops once`,
  );
  if (items.length < statements.length)
    terminal.out('what is not ordered is confirmed at each agent, without --all');
}

/** Returns the database or policy that a statement of an agent drops. */
function itemIn(statement: string): OrderedItem | undefined {
  const [parsed] = parseStatements(statement, {});
  return parsed === undefined || parsed.statement.kind === 'server' || isRead(parsed.statement)
    ? undefined
    : droppedBy(parsed.statement);
}

const notPending = (confirmation: string, dir: string) =>
  new CfluxError(
    'STATEMENT_REFUSED',
    `no drops are pending as ${JSON.stringify(confirmation)} in ${dir}: nothing was confirmed; use the newest id in the log of the agent, whose directory is --data`,
  );

const nothingToOrder = () =>
  new CfluxError(
    'STATEMENT_REFUSED',
    'these drops cannot be ordered for all servers: only databases and retention policies can; confirm them at each agent, without --all',
  );

const isThereAgain = (item: OrderedItem) => {
  const name =
    item.kind === 'database'
      ? `database ${JSON.stringify(item.database)}`
      : `retention policy ${JSON.stringify(item.policy)} on ${JSON.stringify(item.database)}`;
  return new CfluxError(
    'STATEMENT_REFUSED',
    `the cluster has ${name} again: nothing was ordered; drop it in the cluster first, or confirm without --all`,
  );
};

const olderManager = () =>
  new CfluxError(
    'STATEMENT_REFUSED',
    'the manager is older and ignored the orders: nothing was ordered; upgrade it, or confirm at each agent, without --all',
  );
