import { useSignal } from '@preact/signals';
import { countText } from '../model/spans.js';
import type { DifferenceLine } from '../worker/messages.js';

const few = 400;
const kinds: Readonly<Record<string, string>> = { '+': 'added', '-': 'removed', '~': 'changed' };

/** Differences as `cflux diff` prints them: a sign and a text in every line. */
export function DifferenceLines({
  lines,
  label,
}: {
  readonly lines: readonly DifferenceLine[];
  readonly label: string;
}) {
  const most = useSignal(few);
  if (lines.length === 0) return <p class="empty">No differences.</p>;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so that it must be reachable by keyboard */}
      <section class="lines" aria-label={label} tabIndex={0}>
        {lines.slice(0, most.value).map((line, at) => (
          <div key={at} class={kinds[line[0] ?? '']}>
            {line}
          </div>
        ))}
      </section>
      {lines.length > most.value && (
        <p>
          <button
            type="button"
            onClick={() => {
              most.value += few * 5;
            }}
          >
            Show more of {countText(lines.length - most.value)} lines
          </button>
        </p>
      )}
    </>
  );
}
