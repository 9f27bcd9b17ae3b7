import type { Metadata } from '@grpc/grpc-js';
import type { Clock } from '../../../../clock.js';
import { etcdError, grpcStatus } from '../api/etcd-errors.js';
import type { GrpcMethod } from '../api/grpc.js';
import type { Member } from './members.js';

export interface UnaryCallOptions {
  readonly member: Member;
  /** Milliseconds. */
  readonly timeout: number;
  readonly metadata: Metadata;
}

/** One attempt of a call at one member. Rejects with a `CfluxError` whose `outcome` says whether the request may have been executed. */
export function unaryCall<In, Out>(
  clock: Clock,
  { path, encode, decode }: GrpcMethod<In, Out>,
  request: In,
  { member, timeout, metadata }: UnaryCallOptions,
): Promise<Out> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    // From now on the readiness is tracked: a call without any connection was not sent.
    member.wasReady();
    const call = member.client.makeUnaryRequest(
      path,
      encode,
      decode,
      request,
      metadata,
      (error, response) => {
        cancelTimer();
        if (response !== undefined && error === null) resolve(response);
        else reject(etcdError(isLate || error === null ? late(timeout, member.wasReady()) : error));
      },
    );
    // gRPC's own deadline is not used, because it is a wall-clock time, and clocks jump.
    const cancelTimer = clock.after(timeout, () => {
      isLate = true;
      call.cancel();
    });
  });
}

const late = (timeout: number, wasReady: boolean) => ({
  code: wasReady ? grpcStatus.deadlineExceeded : grpcStatus.unavailable,
  details: `${wasReady ? 'no answer' : 'No connection established'} within ${Math.round(timeout)} ms`,
});
