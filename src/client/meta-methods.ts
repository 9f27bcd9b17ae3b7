import { CfluxError } from '../errors.js';
import type { MetaClient, MetaClientLike, PasswordHashingMetaClient } from '../meta/meta-client.js';
import { type MutationName, metaClientMethods, type ReadName } from '../meta/methods.js';

type AsPromise<Method> = Method extends (...args: infer Args) => infer Result
  ? (...args: Args) => Promise<Awaited<Result>>
  : never;

/** Every method of {@link MetaClient} but its lifecycle, as promises. */
export type PromisedMetaClient = { [Name in MutationName | ReadName]: AsPromise<MetaClient[Name]> };

/** What a class must offer to be given the methods of a meta client. */
interface Routes<M> {
  mutate<T>(operation: (meta: M) => T | PromiseLike<T>): Promise<T>;
  read<T>(operation: (meta: M) => T | PromiseLike<T>): Promise<T>;
}

/** Which argument of a method is a password. */
const passwordArgument: Partial<Record<MutationName, number>> = { createUser: 1, updateUser: 1 };

/** Makes one function for every method: mutations go through `mutate`, reads through `read`. */
export function routedMethods<M extends MetaClientLike>(meta: M, routes: Routes<M>): PromisedMetaClient {
  const methods: Partial<Record<string, (...args: unknown[]) => Promise<unknown>>> = {};
  for (const [name, kind] of Object.entries(metaClientMethods)) {
    if (kind === 'lifecycle') continue;
    if (kind === 'read') {
      methods[name] = (...args) => routes.read((target) => call(target, name, args));
      continue;
    }
    const password = passwordArgument[name as MutationName];
    methods[name] = async (...args) => {
      // Hashing takes tens of milliseconds: once, and before the change waits in line.
      if (password !== undefined) args[password] = await hashed(meta, args[password]);
      return routes.mutate((target) => call(target, name, args));
    };
  }
  return methods as PromisedMetaClient;
}

function call(target: MetaClientLike, name: string, args: unknown[]): unknown {
  const method: unknown = Reflect.get(target, name);
  if (typeof method !== 'function') {
    throw new CfluxError('UNSUPPORTED_METHOD', `the wrapped meta client has no method ${name}()`);
  }
  return Reflect.apply(method, target, args);
}

async function hashed(meta: MetaClientLike, password: unknown): Promise<unknown> {
  return typeof password === 'string' && hashesPasswords(meta) ? meta.hashPassword(password) : password;
}

function hashesPasswords(meta: MetaClientLike): meta is PasswordHashingMetaClient {
  return 'hashPassword' in meta && typeof meta.hashPassword === 'function';
}
