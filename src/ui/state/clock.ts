import { signal } from '@preact/signals';

/** Milliseconds since 1970 by the browser; ticks every second while the page is visible. */
export const now = signal(Date.now());

/** The manager's clock minus the browser's, in milliseconds. */
export const skew = signal(0);

setInterval(() => {
  if (document.visibilityState === 'visible') now.value = Date.now();
}, 1_000);

/** Milliseconds since a moment of the manager's clock. */
export const ageOf = (at: number): number => Math.max(0, now.value + skew.value - at);
