import { CfluxError } from '../../errors.js';
import { findByName } from '../../meta/named-list.js';
import type { MetaData } from '../../meta/records.js';
import { haveBeenRead, withOwnChange } from '../ledger/kept-orders.js';
import { continued, type Ledger, type Origin, observe } from '../ledger/ledger.js';
import { withDropped } from '../loss/leftover-shards.js';
import type { OrderSource } from '../orders/order-keeper.js';
import type { Step } from '../plan/plan.js';
import { keyOf } from '../statements/item.js';
import type { AcceptedChange } from './accepted-change.js';
import { savePassword } from './agreements.js';
import type { ConvergenceParts } from './convergence-parts.js';
import { runStep } from './run-step.js';

/** What a change that a user gave to this server comes with. */
export interface OwnStatementOptions extends Pick<AcceptedChange, 'password' | 'order'> {
  /** Reads the drop orders of the cluster. Absent: those up to the version are known. */
  readonly orders?: OrderSource | undefined;
}

/** Executes single statements that users gave to this very server, without a convergence. */
export class OwnStatements {
  readonly #parts: ConvergenceParts;

  constructor(parts: ConvergenceParts) {
    this.#parts = parts;
  }

  /**
   * Makes one change, which a user gave to this server, without reading its schema. The ledger is saved first. Resolves with the reason if
   * the server refused it; rejects with `UNEXPECTED` if this mirror has never converged the server.
   */
  async carryOut(
    step: Step,
    wanted: MetaData,
    origin: Origin,
    { password, order, orders }: OwnStatementOptions = {},
  ): Promise<string | undefined> {
    const { store, connection, reader } = this.#parts;
    await store.own();
    const known = await store.load();
    if (known === undefined)
      throw new CfluxError('UNEXPECTED', 'the server was never compared with the cluster');
    const view = this.#parts.local.strip(wanted);
    const judged = orders === undefined ? known : await this.#withOrders(known, origin, orders);
    const observed = observe(judged, { server: known.server, origin, wanted: view, present: view });
    const changed = { ...observed, orders: withOwnChange(observed.orders, createdBy(step)) };
    const ledger = withDropped(changed, [step.action]);
    this.#parts.contests.forget(step.item);
    const run = () => runStep(connection, step.action, { password, isOrdered: true });
    if (order !== undefined) return this.#parts.orders.carryOutGiven(ledger, order, await reader.read(), run);
    await store.append(ledger);
    const refusal = await run();
    if (refusal !== undefined) return refusal;
    const user =
      password !== undefined && 'user' in step.action
        ? findByName(wanted.users, step.action.user)
        : undefined;
    if (user !== undefined) await savePassword(this.#parts, ledger, user);
    return undefined;
  }

  /** Reads the orders up to the version of `origin` before anything of it is applied or recorded (R36), unless that was done. */
  async #withOrders(known: Ledger, origin: Origin, orders: OrderSource): Promise<Ledger> {
    const { epoch, version } = origin;
    if (epoch === undefined || version === undefined || haveBeenRead(known.orders, epoch, version))
      return known;
    const reading = await this.#parts.reader.read();
    const server = this.#parts.guard.identify(reading);
    const present = this.#parts.local.strip(reading.metadata);
    const mine = continued(known, { server, origin });
    return this.#parts.orders.read(mine, orders, { origin, reading, present, signal: undefined });
  }
}

/** Returns the key of the database or policy that a step creates. */
const createdBy = ({ item, action }: Step): string | undefined =>
  action.kind === 'createDatabase' || action.kind === 'createRetentionPolicy' ? keyOf(item) : undefined;
