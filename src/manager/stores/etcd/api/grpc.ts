import type * as GrpcModule from '@grpc/grpc-js';
import { missingPackage } from '../../../../missing-package.js';

export type Grpc = typeof GrpcModule;

/** Loads `@grpc/grpc-js`, an optional package that only the etcd store needs. */
export async function loadGrpc(): Promise<Grpc> {
  try {
    const grpc = await import('@grpc/grpc-js');
    // In a CommonJS build all exports are below `default`.
    return 'Client' in grpc ? grpc : Reflect.get(grpc, 'default');
  } catch (cause) {
    throw missingPackage('@grpc/grpc-js', 'EtcdStore cannot be used', { cause });
  }
}

/** One method of one of etcd's services. */
export interface GrpcMethod<In, Out> {
  readonly path: string;
  readonly encode: (request: In) => Buffer;
  readonly decode: (message: Uint8Array) => Out;
  /** Extracts the revision from a response. Undefined: responses have none. */
  readonly tells?: (answer: Out) => CallCallback;
}

export interface CallCallback {
  /** Revision of the whole store when the response was created. */
  readonly revision: number;
  /** The requested changes were made. */
  readonly isStored?: boolean;
}
