import { CfluxError } from '../errors.js';
import type { MetaClient, MetaClientLike, PasswordHashingMetaClient } from '../meta/meta-client.js';
import { wrongArgumentOf } from '../meta/method-arguments.js';
import { type MutationName, type SharedName, sharedMethods } from '../meta/methods.js';
import { withCallerFrames } from './caller-frames.js';

type AsPromise<Method> = Method extends (...args: infer Args) => infer Result
  ? (...args: Args) => Promise<Awaited<Result>>
  : never;

/** {@link MetaClient} without its lifecycle. */
type SharedMethods = Pick<MetaClient, SharedName>;

/** The same methods, returning promises. Mapped by `keyof`, so that editors show the comments of the interface. */
export type PromisedMetaClient = { [Name in keyof SharedMethods]: AsPromise<SharedMethods[Name]> };

/** How a client runs an operation on the meta client that it wraps. */
interface Routes<Client> {
  /** `isAtomic`: a LocalMetaClient applies it synchronously; a method with a password waits for bcrypt. */
  mutation(
    client: Client,
    operation: (meta: MetaClientLike) => unknown,
    options: { readonly isAtomic: boolean },
  ): Promise<unknown>;
  read(client: Client, operation: (meta: MetaClientLike) => unknown): Promise<unknown>;
}

/** The index of the password argument of each method that has one. */
const passwordArgument: Partial<Record<MutationName, number>> = { createUser: 1, updateUser: 1 };

/**
 * Defines every method of {@link PromisedMetaClient} on `prototype`: mutations go through `routes.mutation`, reads through
 * `routes.read`. (Separate functions for each client would take a fifth of its memory.)
 */
export function defineMetaMethods<Client extends { readonly meta: MetaClientLike }>(
  prototype: Client,
  routes: Routes<Client>,
): void {
  for (const [name, kind] of sharedMethods) {
    const password = kind === 'mutation' ? passwordArgument[name as MutationName] : undefined;
    const run = (client: Client, args: unknown[]) =>
      routes[kind](client, (target) => call(target, name, args), { isAtomic: password === undefined });
    const value = {
      [name](this: Client, ...args: unknown[]): Promise<unknown> {
        const wrong = wrongArgumentOf(name, args);
        if (wrong !== undefined) return Promise.reject(wrong);
        if (password === undefined) return withCallerFrames(() => run(this, args));
        // Hashing takes tens of milliseconds, so hash once, before the change is queued.
        return withCallerFrames(async () => {
          args[password] = await hashed(this.meta, args[password]);
          return run(this, args);
        });
      },
    }[name];
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
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
