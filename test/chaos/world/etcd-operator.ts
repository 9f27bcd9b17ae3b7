import type { EtcdCluster } from '../../support/etcd.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const ballast = { key: base64('ballast/'), range_end: base64('ballast0') };
const noSpace = 'NOSPACE';

/** What an operator does to etcd, through any member that responds. */
export class EtcdOperator {
  readonly #urls: readonly string[];

  constructor(etcd: EtcdCluster) {
    this.#urls = etcd.endpoints;
  }

  /** Compacts all history: a watch from a revision in it is cancelled. */
  async compact(): Promise<void> {
    const { header } = await this.#ask('kv/range', { key: 'AA==' });
    const { revision } = Object(header);
    // Somebody else may have gone further meanwhile.
    await this.#ask('kv/compaction', { revision, physical: true }).catch(() => undefined);
  }

  /** Writes until etcd has no room left, and refuses every change. */
  async fill(): Promise<void> {
    const value = Buffer.alloc(1024 * 1024).toString('base64');
    for (let number = 0; number < 200; number++) {
      try {
        await this.#ask('kv/put', { key: base64(`ballast/${number}`), value });
      } catch (error) {
        if (String(error).includes('space exceeded')) return;
        throw error;
      }
    }
  }

  /** As etcd's manual has it: delete, compact, defragment every member, take back the alarm of each. */
  async free(): Promise<void> {
    await this.#ask('kv/deleterange', ballast);
    await this.compact();
    for (const url of this.#urls) await post(url, 'maintenance/defragment', {});
    const { alarms = [] } = await this.#ask('maintenance/alarm', { action: 'GET' });
    for (const { memberID } of alarms as { memberID: string }[]) {
      await this.#ask('maintenance/alarm', { action: 'DEACTIVATE', memberID, alarm: noSpace });
    }
    // It throws where there is no room all the same.
    await this.#ask('kv/put', { key: base64('ballast/'), value: '' });
  }

  async #ask(path: string, body: object): Promise<Record<string, unknown>> {
    let failure: unknown;
    for (const url of this.#urls) {
      try {
        return await post(url, path, body);
      } catch (error) {
        failure = error;
        if (String(error).includes('space exceeded')) throw error;
      }
    }
    throw failure;
  }
}

async function post(url: string, path: string, body: object): Promise<Record<string, unknown>> {
  const signal = AbortSignal.timeout(5_000);
  const answer = await fetch(`${url}/v3/${path}`, { method: 'POST', body: JSON.stringify(body), signal });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`);
  return JSON.parse(text);
}
