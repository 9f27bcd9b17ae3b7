import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { isNarrow } from './narrow.js';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly class?: string;
}

export interface DataTableProps<Row> {
  /** Names the table for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  /** Opens what a row stands for. */
  readonly onOpen?: ((row: Row) => void) | undefined;
  readonly isOpen?: (row: Row) => boolean;
  readonly empty?: ComponentChildren;
  /** Lines of a card in the narrow layout. */
  readonly cardLines?: number;
  /** Stays a table in the narrow layout, and scrolls sideways. */
  readonly isMatrix?: boolean;
}

/** Heights in `rem`, as in the style: they grow with the size of the reader's text. */
const rowHeight = 2.3125;
const lineHeight = 1.5;
const cardPadding = 1.375;
/** Rows beyond the visible part that are in the document. */
const around = 10;
/** Below this, all rows are in the document, and the page scrolls. */
const fewRows = 60;

/** A table of any length: of many rows, only the visible ones are in the document. Rows have one height. */
export function DataTable<Row>({
  label,
  columns,
  rows,
  keyOf,
  onOpen,
  isOpen,
  empty,
  cardLines = 3,
  isMatrix = false,
}: DataTableProps<Row>) {
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(600);
  const rem = useMemo(() => Number.parseFloat(getComputedStyle(document.documentElement).fontSize), []);
  const isLong = rows.length > fewRows;
  const each = rem * (isNarrow.value && !isMatrix ? cardLines * lineHeight + cardPadding : rowHeight);
  useLayoutEffect(() => {
    const { current } = box;
    if (current === null || !isLong) return;
    const observer = new ResizeObserver(() => {
      height.value = current.clientHeight;
    });
    observer.observe(current);
    return () => observer.disconnect();
  }, [isLong]);
  if (rows.length === 0) return <div class="empty">{empty ?? 'Nothing here.'}</div>;
  const first = isLong ? Math.max(0, Math.floor(top.value / each) - around) : 0;
  const last = isLong
    ? Math.min(rows.length, Math.ceil((top.value + height.value) / each) + around)
    : rows.length;
  const onScroll = () => {
    if (box.current !== null) top.value = box.current.scrollTop;
  };
  return (
    <div
      class={['table-box', isLong ? 'long' : '', isMatrix ? 'sideways' : 'cards'].join(' ')}
      ref={box}
      onScroll={onScroll}
      tabIndex={isLong || isMatrix ? 0 : undefined}
      role={isLong || isMatrix ? 'region' : undefined}
      aria-label={isLong || isMatrix ? `${label}, scrollable` : undefined}
    >
      <table role="table" aria-label={label} aria-rowcount={rows.length + 1}>
        <thead role="rowgroup">
          <tr role="row" aria-rowindex={1}>
            {columns.map((column) => (
              <th key={column.title} role="columnheader" scope="col" class={column.class}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          <Spacer height={first * each} />
          {rows.slice(first, last).map((row, at) => (
            <tr
              key={keyOf(row)}
              role="row"
              aria-rowindex={first + at + 2}
              data-key={keyOf(row)}
              tabIndex={onOpen === undefined ? undefined : 0}
              class={isOpen?.(row) ? 'open' : undefined}
              style={isLong ? { height: `${each}px` } : undefined}
              onClick={onOpen === undefined ? undefined : () => onOpen(row)}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && event.target === event.currentTarget) onOpen?.(row);
              }}
            >
              {columns.map((column) => (
                <td key={column.title} role="cell" class={column.class} data-title={column.title}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
          <Spacer height={(rows.length - last) * each} />
        </tbody>
      </table>
    </div>
  );
}

function Spacer({ height }: { readonly height: number }) {
  return height === 0 ? null : (
    <tr role="presentation" class="spacer" style={{ height: `${height}px` }}>
      <td />
    </tr>
  );
}
