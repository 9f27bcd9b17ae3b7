// A transport of one's own: worker threads reach a manager of the main thread, without a network. The main thread does
// `serve(new LocalTransport(manager), port1)`, a worker `new CfluxClient(meta, { transport: new PortTransport(port2) })`.
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { type Call, type CallOptions, CfluxError, type Transport } from 'clusterflux';

/** The worker's end: one attempt of each call, which its signal ends. Retries and deadlines are CfluxClient's. */
export class PortTransport implements Transport {
  readonly register: Transport['register'] = (...args) => this.#call('register', ...args);
  readonly heartbeat: Transport['heartbeat'] = (...args) => this.#call('heartbeat', ...args);
  readonly deregister: Transport['deregister'] = (...args) => this.#call('deregister', ...args);
  readonly nodes: Transport['nodes'] = (...args) => this.#call('nodes', ...args);
  readonly push: Transport['push'] = (...args) => this.#call('push', ...args);
  readonly poll: Transport['poll'] = (...args) => this.#call('poll', ...args);
  readonly #port: MessagePort;
  readonly #underWay = new Set<MessagePort>();

  constructor(port: MessagePort) {
    this.#port = port;
  }

  close(): void {
    for (const port of [...this.#underWay, this.#port]) port.close();
  }

  /** Each call has its own channel for the response; closing it ends the call on the other side too. */
  #call<T>(method: Call, request: object, { signal }: CallOptions = {}): Promise<T> {
    const { port1: answers, port2: reply } = new MessageChannel();
    this.#underWay.add(answers);
    const end = () => answers.close();
    signal?.addEventListener('abort', end, { once: true });
    this.#port.postMessage({ method, request, reply }, [reply]);
    return new Promise((resolve, reject) => {
      answers.once('message', ({ result, error }) => {
        if (error) reject(new CfluxError(error.code, error.message, error));
        else resolve(result);
        end();
      });
      answers.once('close', () => {
        signal?.removeEventListener('abort', end);
        this.#underWay.delete(answers);
        reject(signal?.reason ?? new CfluxError('CLOSED', 'the port is closed'));
      });
    });
  }
}

type Sent = { method: Call; request: never; reply: MessagePort };
/** The main thread's end: passes the calls that come through `port` to `transport`; errors field by field, because a copy loses them. */
export function serve(transport: Transport, port: MessagePort): void {
  port.on('message', ({ method, request, reply }: Sent) => {
    const ended = new AbortController();
    reply.once('close', () => ended.abort());
    const answer = (result: unknown) => reply.postMessage({ result });
    const fail = (error: CfluxError) => reply.postMessage({ error: { ...error, message: error.message } });
    const call = async () => transport[method]?.(request, { signal: ended.signal });
    call().then(answer, (error) => fail(CfluxError.from(error)));
  });
}
