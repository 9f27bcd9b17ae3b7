import type { OrderedItem } from '../../protocol/drop-orders.js';
import type { Action } from '../statements/action.js';
import type { Item } from '../statements/item.js';

export const itemOf = (item: OrderedItem): Item =>
  item.kind === 'database'
    ? { kind: 'database', database: item.database }
    : { kind: 'retentionPolicy', database: item.database, policy: item.policy };

export const actionOf = (item: OrderedItem): Action =>
  item.kind === 'database'
    ? { kind: 'dropDatabase', database: item.database }
    : { kind: 'dropRetentionPolicy', database: item.database, policy: item.policy };
