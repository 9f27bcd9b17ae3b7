import { useSignal } from '@preact/signals';

/**
 * Rows that do not move under the reader: while the pointer or the focus is in the list, new ones wait.
 *
 * @param rows newest first
 */
export function useHeld<Row>(rows: readonly Row[], keyOf: (row: Row) => string | number) {
  const isHeld = useSignal(false);
  const kept = useSignal<readonly Row[] | undefined>(undefined);
  const shown = kept.value === undefined ? rows : refreshed(kept.value, rows, keyOf);
  const known = new Set(shown.map(keyOf));
  const count = kept.value === undefined ? 0 : rows.filter((row) => !known.has(keyOf(row))).length;
  const hold = () => {
    isHeld.value = true;
    kept.value ??= rows;
  };
  const release = () => {
    isHeld.value = false;
    kept.value = undefined;
  };
  // Held while still empty: there is nothing to keep in place.
  if (kept.value?.length === 0) kept.value = undefined;
  const events = {
    onPointerEnter: hold,
    onPointerLeave: release,
    onFocusIn: hold,
    onFocusOut: (event: FocusEvent) => {
      const { currentTarget, relatedTarget } = event;
      if (
        !(
          currentTarget instanceof Node &&
          relatedTarget instanceof Node &&
          currentTarget.contains(relatedTarget)
        )
      )
        release();
    },
  };
  return { held: { rows: shown, events }, release, count };
}

/** Rows keep their place; what is in them does not have to wait. */
function refreshed<Row>(
  kept: readonly Row[],
  rows: readonly Row[],
  keyOf: (row: Row) => string | number,
): readonly Row[] {
  const current = new Map(rows.map((row) => [keyOf(row), row]));
  return kept.map((row) => current.get(keyOf(row)) ?? row);
}
