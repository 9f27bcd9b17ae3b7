const paths = {
  alarm: 'M8 1.5 15 14H1z M8 6v4 M8 11.7v.3',
  cross: 'M3.5 3.5l9 9 M12.5 3.5l-9 9',
  behind: 'M8 2.5v8 M4 7.5l4 4 4-4',
  circle: 'M8 3a5 5 0 1 1 0 10 5 5 0 0 1 0-10z',
  check: 'M2.5 8.5l3.5 3.5 7.5-8',
  copy: 'M5.5 5.5h8v8h-8z M10.5 5.5v-3h-8v8h3',
  question: 'M5.5 6a2.5 2.5 0 1 1 3.6 2.2C8.3 8.6 8 9 8 9.8 M8 12v.3',
  left: 'M9.5 3.5v9 M9.5 8H2.5 M5.5 5l-3 3 3 3 M12.5 3.5v9',
  note: 'M3 2.5h10v11H3z M5.5 5.5h5 M5.5 8h5 M5.5 10.5h3',
  twins: 'M5.5 4a3.5 3.5 0 1 1 0 8 3.5 3.5 0 0 1 0-8z M10.5 4a3.5 3.5 0 1 1 0 8',
  down: 'M2.5 3.5h11v4h-11z M2.5 10l3 3 M5.5 10l-3 3 M8 11.5h5.5',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9z M10.5 10.5l3 3',
} as const;

export type IconName = keyof typeof paths;

/** A shape beside a word, never instead of one. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
