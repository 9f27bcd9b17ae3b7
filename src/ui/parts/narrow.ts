import { signal } from '@preact/signals';

const query = matchMedia('(max-width: 40rem)');
/** The page has one column, and rows are cards. */
export const isNarrow = signal(query.matches);
query.addEventListener('change', () => {
  isNarrow.value = query.matches;
});
