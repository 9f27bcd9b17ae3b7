import { effect } from '@preact/signals';
import { ApiError } from '../api/api-error.js';
import type { CallName, Calls, FromWorker, ToWorker } from '../worker/messages.js';
import workerUrl from '../worker/metadata-worker.ts?worker&url';
import { noted } from './connection.js';
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

const url = trustedWorkerUrl();

/** A worker of the page, started by its first call, and the calls that it has not completed. */
class PageWorker {
  #worker: Worker | undefined;
  readonly #pending = new Map<
    number,
    { readonly resolve: (value: never) => void; readonly reject: (error: ApiError) => void }
  >();
  #next = 1;

  /** @throws ApiError */
  call<Name extends CallName>(name: Name, request: Calls[Name]['request']): Promise<Calls[Name]['result']> {
    const id = this.#next++;
    return noted(
      () =>
        new Promise((resolve, reject) => {
          this.#pending.set(id, { resolve, reject });
          this.#started().postMessage({ type: 'call', id, name, request } as ToWorker);
        }),
    );
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(url, { type: 'module' });
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      const call = this.#pending.get(data.id);
      this.#pending.delete(data.id);
      if ('result' in data) call?.resolve(data.result as never);
      else call?.reject(new ApiError(data.error.message, data.error.status, data.error.code));
    };
    effect(() => worker.postMessage({ type: 'access', access: access.value } satisfies ToWorker));
    return worker;
  }
}

/** Two of the same program, so that what is listed does not wait until a large snapshot was decoded. */
export const metadataWorker = new PageWorker();
export const listWorker = new PageWorker();
