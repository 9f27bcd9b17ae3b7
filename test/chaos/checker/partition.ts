import type { Call, Operation } from '../history.js';
import type { ObjectOperation } from './model.js';

/** A call of one object, and its result there. */
export type KeyOperation = ObjectOperation<Call, string> & { readonly id: number };

/**
 * The operations on each key. Linearizability is local (M. P. Herlihy and J. M. Wing, “Linearizability”, ACM TOPLAS 12(3), 1990): a history of
 * operations on one object each is linearizable if that of each object is. A read of everything counts here as one read of
 * each object; that all of it was read at one moment is for the check by versions.
 */
export function partition(operations: readonly Operation[]): Map<string, readonly KeyOperation[]> {
  const happened = operations.filter(({ outcome }) => outcome !== 'failed');
  const byKey = new Map<string, KeyOperation[]>();
  const listOf = (key: string) => {
    const list = byKey.get(key) ?? [];
    byKey.set(key, list);
    return list;
  };
  for (const { call, result } of happened) {
    if (call.do !== 'read') listOf(call.key);
    else if (typeof result === 'object') for (const key of Object.keys(result)) listOf(key);
  }
  for (const { id, call, begin, end, outcome, result } of happened) {
    const common = { id, call, begin, end, isCertain: outcome === 'ok' };
    if (call.do !== 'read') {
      listOf(call.key).push({ ...common, result: typeof result === 'string' ? result : undefined });
    } else if (typeof result === 'object') {
      for (const key of call.keys ?? byKey.keys()) listOf(key).push({ ...common, result: result[key] ?? '' });
    }
  }
  return byKey;
}

/** The longest list that a read of these found; empty where they are not those of a list that only grows. */
export function maxRead(operations: readonly KeyOperation[]): string {
  if (operations.some(({ call }) => call.do !== 'read' && call.do !== 'append')) return '';
  let longest = '';
  for (const { call, result = '' } of operations) {
    if (call.do === 'read' && result.length > longest.length) longest = result;
  }
  return longest;
}
