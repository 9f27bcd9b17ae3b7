import type { Client } from '@grpc/grpc-js';
import type { CertificateInfo } from '../../../../certificates.js';
import type { Clock } from '../../../../clock.js';
import { CfluxError } from '../../../../errors.js';
import { TlsCredentials, type TlsValues } from '../../../../tls-credentials.js';
import type { Grpc } from '../api/grpc.js';
import { type EtcdEndpoint, parseEndpoints } from './endpoints.js';
import type { EtcdOptions } from './etcd-options.js';

/** A member of etcd over one connection; a new connection to it is another object. */
export interface Member {
  readonly endpoint: EtcdEndpoint;
  readonly client: Client;
  /** Whether the connection was ever established. Before that nothing was sent. */
  readonly wasReady: () => boolean;
}

/** Work that is bound to one connection, and fails when it is given up. */
interface Bound {
  readonly member: Member;
  readonly fail: (error: CfluxError) => void;
}

/** The members of etcd, one of which is used until it fails; then the next. */
export class Members {
  readonly #connect: (endpoint: EtcdEndpoint) => Member;
  readonly #members: Member[];
  readonly #credentials: TlsCredentials | undefined;
  readonly #clock: Clock;
  readonly #grace: number;
  readonly #bound = new Set<Bound>();
  /** Connections that were given up, and the functions that close them. */
  readonly #retired = new Map<Client, () => void>();
  #present = 0;

  /** @param grace milliseconds for calls in progress on a connection that is given up */
  constructor(grpc: Grpc, { endpoints, tls, warn = report }: EtcdOptions, clock: Clock, grace: number) {
    this.#credentials = tls && new TlsCredentials({ sources: tls, clock, warn });
    this.#connect = (endpoint) => {
      const client = createClient(grpc, endpoint, this.#credentials?.values);
      return { endpoint, client, wasReady: readiness(client) };
    };
    this.#members = parseEndpoints(endpoints).map(this.#connect);
    this.#clock = clock;
    this.#grace = grace;
  }

  get count(): number {
    return this.#members.length;
  }

  get certificates(): readonly CertificateInfo[] {
    return this.#credentials?.certificates ?? [];
  }

  /** The member in use. */
  get present(): Member {
    if (this.#credentials?.refresh()) this.#reconnect();
    const member = this.#members[this.#present];
    if (member === undefined) throw new RangeError(`etcd has no member ${this.#present}`);
    return member;
  }

  /** Calls `fail` when the connection is given up, until the returned function is called. */
  bind(member: Member, fail: (error: CfluxError) => void): () => void {
    const bound = { member, fail };
    this.#bound.add(bound);
    return () => this.#bound.delete(bound);
  }

  /**
   * Gives up a failed connection, and switches to the next member if there is one. The next connection to this member resolves its name
   * again: the address may have changed.
   */
  leave(member: Member, reason: CfluxError): void {
    const place = this.#members.indexOf(member);
    if (place === -1) return;
    if (place === this.#present) this.#present = (place + 1) % this.count;
    this.#replace(place, member, reason);
  }

  /** Replaces the connections, because a connection keeps the certificates it was made with. */
  #reconnect(): void {
    const message = 'certificates for etcd were reloaded: reconnecting';
    const reason = new CfluxError('UNAVAILABLE', message, { retryable: true, outcome: 'unknown' });
    for (const [place, member] of [...this.#members].entries()) this.#replace(place, member, reason);
  }

  #replace(place: number, member: Member, reason: CfluxError): void {
    this.#members[place] = this.#connect(member.endpoint);
    this.#retire(member.client);
    for (const bound of [...this.#bound]) if (bound.member === member) bound.fail(reason);
  }

  close(reason: CfluxError): void {
    for (const { fail } of [...this.#bound]) fail(reason);
    for (const close of this.#retired.values()) close();
    for (const { client } of this.#members) client.close();
  }

  #retire(client: Client): void {
    const close = () => {
      cancel();
      this.#retired.delete(client);
      client.close();
    };
    const cancel = this.#clock.after(this.#grace, close);
    this.#retired.set(client, close);
  }
}

/** Watches a connection, from the first call of the returned function. */
function readiness(client: Client): () => boolean {
  let isReady = false;
  let isWatched = false;
  return () => {
    if (!isWatched) {
      isWatched = true;
      client.waitForReady(Number.POSITIVE_INFINITY, (error) => {
        isReady = error === undefined;
      });
    }
    return isReady;
  };
}

const report = (message: string) => process.emitWarning(message);

function createClient(grpc: Grpc, { address, secure }: EtcdEndpoint, tls: TlsValues = {}): Client {
  const { credentials, Client: GrpcClient } = grpc;
  const pem = (value: unknown) =>
    typeof value === 'string' || value instanceof Uint8Array ? Buffer.from(value) : null;
  const { ca, cert, key } = tls;
  return new GrpcClient(
    `dns:${address}`,
    secure ? credentials.createSsl(pem(ca), pem(key), pem(cert)) : credentials.createInsecure(),
    {
      // The default of 4 MiB is too small for a snapshot.
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      // etcd treats more than one ping in 5 s as an attack.
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5_000,
      // The default waits up to two minutes for a member that is available again.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
      // The default resolves the name of a member again only after 30 s.
      'grpc.dns_min_time_between_resolutions_ms': 1_000,
      // A new connection must not share the socket of the previous one.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.enable_http_proxy': 0,
      'grpc.service_config_disable_resolution': 1,
    },
  );
}
