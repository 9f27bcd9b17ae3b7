/**
 * Runs `task` with a signal that aborts when any of `parents` does. The link is cut when the task ends, so that a parent that
 * lives as long as the client gathers no listeners (`AbortSignal.any` keeps some memory for every call).
 */
export async function withLinkedSignal<T>(
  parents: readonly (AbortSignal | undefined)[],
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const links = parents.flatMap((parent) => {
    if (!parent) return [];
    const abort = () => controller.abort(parent.reason);
    if (parent.aborted) abort();
    parent.addEventListener('abort', abort, { once: true });
    return [() => parent.removeEventListener('abort', abort)];
  });
  try {
    return await task(controller.signal);
  } finally {
    for (const cut of links) cut();
  }
}
