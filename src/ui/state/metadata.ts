import { effect, signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import type { CallName, Calls, FromWorker, ToWorker } from '../worker/messages.js';
import workerUrl from '../worker/metadata-worker.ts?worker&url';
import { noteFailure } from './connection.js';
import { access } from './session.js';

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string };
}

/** The only policy of the page: it gives out the URL of its own worker, and nothing else. */
function trustedWorkerUrl(): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  const policy = trustedTypes?.createPolicy('cflux-worker', { createScriptURL: () => workerUrl });
  return policy === undefined ? workerUrl : policy.createScriptURL('');
}

const pending = new Map<
  number,
  { readonly resolve: (value: never) => void; readonly reject: (error: ApiError) => void }
>();
let worker: Worker | undefined;
let next = 1;

function started(): Worker {
  if (worker !== undefined) return worker;
  const created = new Worker(trustedWorkerUrl(), { type: 'module' });
  worker = created;
  created.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    const call = pending.get(data.id);
    pending.delete(data.id);
    if ('result' in data) call?.resolve(data.result as never);
    else call?.reject(new ApiError(data.error.message, data.error.status, data.error.code));
  };
  effect(() => created.postMessage({ type: 'access', access: access.value } satisfies ToWorker));
  return created;
}

/** Calls the worker. @throws ApiError */
export async function call<Name extends CallName>(
  name: Name,
  request: Calls[Name]['request'],
): Promise<Calls[Name]['result']> {
  const id = next++;
  const { token } = access.value;
  try {
    return await new Promise<Calls[Name]['result']>((resolve, reject) => {
      pending.set(id, { resolve, reject });
      started().postMessage({ type: 'call', id, name, request });
    });
  } catch (cause) {
    if (ApiError.from(cause).status > 0) noteFailure(cause, token);
    throw cause;
  }
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
