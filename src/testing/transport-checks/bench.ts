import assert from 'node:assert/strict';
import { isCfluxError } from '../../errors.js';
import type { PollResult, PushRequest, PushResult, Transport } from '../../transport/transport.js';

/** Checks by name; they use the transport as CfluxClient would. */
export type Checks = Readonly<Record<string, (transport: Transport) => Promise<void>>>;

export const cluster = 'c';
/** A node as it describes itself. */
export const node = { ip: '10.0.0.1,', hostname: 'host', bindAddress: 'host:8086' };
export const bytes = (text: string) => new TextEncoder().encode(text);
/** A push of the first version, or as `request` has it. */
export const aPush = (request: Partial<PushRequest> = {}): PushRequest => ({
  cluster,
  version: 0,
  snapshot: bytes('first'),
  mutation: 'mutation-1',
  ...request,
});

/** Returns the version of a push that must have been committed. */
export function committed(result: PushResult): number {
  assert.equal(result.kind, 'committed');
  return result.version;
}

/** Returns the response of a poll, which must have a snapshot. */
export function snapshot(result: PollResult) {
  assert.equal(result.kind, 'snapshot');
  return { ...result, snapshot: Buffer.from(result.snapshot) };
}

/** Returns the error of `call`, which must reject. */
export async function rejection(call: Promise<unknown>): Promise<unknown> {
  const nothing = Symbol();
  const reason = await call.then(
    () => nothing,
    (error: unknown) => error,
  );
  assert.notEqual(reason, nothing, 'the call was fulfilled');
  return reason;
}

/** Returns the error of `call`, which must have this code. */
export async function failsWith(code: string, call: Promise<unknown>) {
  const error = await rejection(call);
  assert.ok(isCfluxError(error), `not a CfluxError: ${String(error)}`);
  assert.equal(error.code, code);
  return error;
}
