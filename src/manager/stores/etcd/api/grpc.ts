import type * as GrpcModule from '@grpc/grpc-js';
import { CfluxError } from '../../../../errors.js';

export type Grpc = typeof GrpcModule;

/** `@grpc/grpc-js`, which only those need who store in etcd. */
export async function loadGrpc(): Promise<Grpc> {
  try {
    const grpc = await import('@grpc/grpc-js');
    // In a CommonJS build everything is below `default`.
    return 'Client' in grpc ? grpc : Reflect.get(grpc, 'default');
  } catch (cause) {
    const message = 'EtcdStore needs the package @grpc/grpc-js: npm install @grpc/grpc-js';
    throw new CfluxError('MISSING_DEPENDENCY', message, { cause });
  }
}

/** One method of one of etcd's services. */
export interface GrpcMethod<In, Out> {
  readonly path: string;
  readonly encode: (request: In) => Buffer;
  readonly decode: (message: Uint8Array) => Out;
  /** What an answer tells of etcd. Absent: nothing. */
  readonly tells?: (answer: Out) => CallCallback;
}

export interface CallCallback {
  /** Of the whole store, when the answer was made. */
  readonly revision: number;
  /** The changes that were asked for were made. */
  readonly isStored?: boolean;
}
