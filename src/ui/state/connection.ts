import { computed, signal } from '@preact/signals';
import { readWhoami } from '../../protocol/manager-status.js';
import { paths } from '../../protocol/routes.js';
import { ApiError } from '../api/api-error.js';
import { type Access, type SendOptions, send } from '../api/send.js';
import { now } from './clock.js';
import { access, refused, whoami } from './session.js';

/** Browser times, in milliseconds since 1970. */
const answeredAt = signal(Date.now());
const nextTryAt = signal<number | undefined>(undefined);
/** Why the manager cannot be used at present. */
export const outage = signal<ApiError | undefined>(undefined);

/** Milliseconds without a response after which what is shown counts as old. */
const patience = 10_000;
const longestPause = 5_000;

/** What is shown is old: since when, and when the page tries again. */
export const stale = computed(() => {
  if (outage.value === undefined || now.value - answeredAt.value < patience) return undefined;
  return { since: answeredAt.value, nextTryIn: Math.max(0, (nextTryAt.value ?? 0) - now.value) };
});

let probing: Promise<void> | undefined;

/** Runs `work`, which sends requests, and notices when the manager is gone, or wants another token. @throws ApiError */
export async function noted<T>(work: (used: Access) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const used = access.value;
  try {
    const result = await work(used);
    noteAnswer();
    return result;
  } catch (cause) {
    if (!signal?.aborted) noteFailure(cause, used.token);
    throw cause;
  }
}

/** Sends a request of the page. @throws ApiError */
export const ask = (path: string, options: SendOptions = {}): Promise<Response> =>
  noted((used) => send(used, path, options), options.signal);

/** Sends a request for JSON, which `read` checks. */
export async function askJson<T>(
  path: string,
  read: (json: string) => T,
  options: SendOptions = {},
): Promise<T> {
  return read(await (await ask(path, options)).text());
}

/** A request failed; `token`: the one that it had. */
function noteFailure(cause: unknown, token: string | undefined): void {
  const error = ApiError.from(cause);
  if (error.status === 401 && token === access.value.token) refused(error.message);
  else if (error.isOutage) {
    outage.value = error;
    probing ??= probe().finally(() => {
      probing = undefined;
    });
  } else if (error.status > 0) noteAnswer();
}

/** Resolves when the manager responds again. */
export async function whenReachable(): Promise<void> {
  while (outage.value !== undefined) await probing;
}

/** Reads what the token permits. @throws ApiError */
export async function identify(): Promise<void> {
  whoami.value = await askJson(paths.whoami(), readWhoami);
}

export function retryNow(): void {
  endPause?.();
}

/** The manager responded. */
function noteAnswer(): void {
  answeredAt.value = Date.now();
  outage.value = undefined;
}

let endPause: (() => void) | undefined;

/** One small request at a time, until the manager responds. */
async function probe(): Promise<void> {
  for (let pause = 1_000; outage.value !== undefined; pause = Math.min(2 * pause, longestPause)) {
    nextTryAt.value = Date.now() + pause;
    await new Promise<void>((resolve) => {
      endPause = resolve;
      setTimeout(resolve, pause);
    });
    await whenVisible();
    try {
      whoami.value = readWhoami(await (await send(access.value, paths.whoami())).text());
      noteAnswer();
    } catch (cause) {
      const error = ApiError.from(cause);
      if (error.isOutage) outage.value = error;
      else {
        noteAnswer();
        if (error.status === 401) refused(error.message);
      }
    }
  }
  nextTryAt.value = undefined;
}

/** Resolves while the page can be seen: hidden tabs send nothing. */
export async function whenVisible(): Promise<void> {
  while (document.visibilityState === 'hidden')
    await new Promise<unknown>((resolve) =>
      document.addEventListener('visibilitychange', resolve, { once: true }),
    );
}

/** A signal that aborts when the page is hidden. */
export function whileVisible(): { readonly signal: AbortSignal; readonly end: () => void } {
  const controller = new AbortController();
  const onChange = () => {
    if (document.visibilityState === 'hidden') controller.abort(new DOMException('hidden', 'AbortError'));
  };
  document.addEventListener('visibilitychange', onChange);
  onChange();
  return { signal: controller.signal, end: () => document.removeEventListener('visibilitychange', onChange) };
}
