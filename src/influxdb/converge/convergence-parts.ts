import type { InfluxConnection } from '../connect/influx-connection.js';
import type { LedgerStore } from '../ledger/ledger-store.js';
import { LossGuard } from '../loss/loss-guard.js';
import { OrderKeeper } from '../orders/order-keeper.js';
import { LocalSubscriptions } from '../plan/local-subscriptions.js';
import type { PasswordComparer } from '../plan/password-comparer.js';
import type { MetadataReader } from '../read/metadata-reader.js';
import { Contests } from './contests.js';
import type { MirrorSettings } from './mirror-options.js';
import type { Pace } from './pace.js';

/** What a converger is given: the server, the ledger, and how to treat both. */
export interface ConvergerParts {
  readonly connection: InfluxConnection;
  readonly reader: MetadataReader;
  readonly store: LedgerStore;
  readonly passwords: PasswordComparer;
  readonly pace: Pace;
  readonly settings: MirrorSettings;
}

/** What all that changes one server shares. */
export interface ConvergenceParts extends ConvergerParts {
  readonly guard: LossGuard;
  readonly local: LocalSubscriptions;
  readonly contests: Contests;
  readonly orders: OrderKeeper;
}

export function convergenceParts(given: ConvergerParts): ConvergenceParts {
  const { connection, reader, settings, store } = given;
  return {
    ...given,
    guard: new LossGuard({ connection, reader, ...settings }),
    local: new LocalSubscriptions(settings.localSubscriptions),
    contests: new Contests(connection.address.clock),
    orders: new OrderKeeper({ connection, store, drops: settings.drops }),
  };
}
