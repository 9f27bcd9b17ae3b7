/**
 * A browser opens six connections to a manager (HTTP/1.1), for all tabs together. A held request takes one, so that only some tabs hold
 * one; the others ask every few seconds.
 */
const mostHolding = 3;
const interval = 2_000;

const id = Math.random().toString(36).slice(2);
const channel = new BroadcastChannel('cflux.tabs');
/** When each other tab was last seen, by its id. */
const others = new Map<string, number>();

type Message = { readonly id: string; readonly isVisible: boolean };

channel.onmessage = ({ data }: MessageEvent<Message>) => {
  const isNew = !others.has(data.id);
  if (data.isVisible) others.set(data.id, Date.now());
  else others.delete(data.id);
  if (isNew) announce();
};

function announce(): void {
  const isVisible = document.visibilityState === 'visible';
  channel.postMessage({ id, isVisible } satisfies Message);
}

announce();
setInterval(() => {
  if (document.visibilityState === 'visible') announce();
}, interval);
document.addEventListener('visibilitychange', announce);
addEventListener('pagehide', () => channel.postMessage({ id, isVisible: false } satisfies Message));

/** Whether this tab may hold a request. */
export function mayHold(): boolean {
  const recent = Date.now() - 3 * interval;
  const visible = [...others].filter(([, seenAt]) => seenAt > recent).map(([other]) => other);
  return visible.filter((other) => other < id).length < mostHolding;
}
