import { signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import type { CallName, Calls } from '../worker/messages.js';
import { route, shownCluster, type View } from './route.js';
import { metadataWorker } from './workers.js';

/** Calls the worker of snapshots. @throws ApiError */
export const call = <Name extends CallName>(
  name: Name,
  request: Calls[Name]['request'],
): Promise<Calls[Name]['result']> => metadataWorker.call(name, request);

const withContents: ReadonlySet<View> = new Set(['databases', 'users', 'history']);

/** If the page begins with contents, has the newest version decoded while the page still learns which one that is. */
export function prepareContents(): void {
  const { view } = route.value;
  const cluster = shownCluster.value;
  if (cluster === undefined || !withContents.has(view)) return;
  // A tab that is opened in the background sends nothing until it is seen.
  if (document.visibilityState === 'hidden') return;
  // The view itself reports a failure.
  call('prepare', { cluster }).catch(() => {});
}

/** What is known of a call: a new result replaces the one before only when it is there. */
export interface Called<Result> {
  readonly result?: Result | undefined;
  readonly error?: ApiError | undefined;
  readonly isLoading: boolean;
  readonly retry: () => void;
}

const retries = signal(0);

/** Calls the worker whenever the request changes; `undefined`: does not call. */
export function useCall<Name extends CallName>(
  name: Name,
  request: Calls[Name]['request'] | undefined,
): Called<Calls[Name]['result']> {
  const state = useSignal<Omit<Called<Calls[Name]['result']>, 'retry'>>({ isLoading: true });
  const latest = useRef(0);
  const key = request === undefined ? '' : JSON.stringify(request);
  const attempt = retries.value;
  // The key stands for the request.
  useEffect(() => {
    if (request === undefined) return;
    const turn = ++latest.current;
    state.value = { ...state.value, error: undefined, isLoading: true };
    call(name, request).then(
      (result) => {
        if (turn === latest.current) state.value = { result, isLoading: false };
      },
      (cause: unknown) => {
        if (turn === latest.current) state.value = { error: ApiError.from(cause), isLoading: false };
      },
    );
  }, [name, key, attempt]);
  return {
    ...state.value,
    retry: () => {
      retries.value += 1;
    },
  };
}
