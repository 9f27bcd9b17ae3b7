import { CfluxError } from '../errors.js';
import type { MetaClient, MetaClientLike, PasswordHashingMetaClient } from '../meta/meta-client.js';
import { wrongArgumentOf } from '../meta/method-arguments.js';
import { type MutationName, type SharedName, sharedMethods } from '../meta/methods.js';
import { withCallerFrames } from './caller-frames.js';

/** A method that returns a promise; `undefined` if there is none. */
type AsPromise<Method> = Method extends (...args: infer Args) => infer Result
  ? (...args: Args) => Promise<Awaited<Result>>
  : undefined;

/** {@link MetaClient} without its lifecycle. */
type SharedMethods = Pick<MetaClient, SharedName>;

/**
 * The method `Name` of `M`, returning promises. Distributes over `M`, so that the methods of `T extends MetaClient` can be called where `T`
 * is not known yet.
 */
export type PromisedMethod<M, Name extends PropertyKey> =
  M extends Record<Name, infer Method>
    ? AsPromise<Method>
    : M extends Partial<Record<Name, infer Method>>
      ? AsPromise<Method> | undefined
      : undefined;

/**
 * The methods of {@link MetaClient} as `M` has them, returning promises; `undefined` for methods that a partial client lacks. Mapped by
 * `keyof`, so that editors show the comments of the interface.
 */
export type PromisedMetaClient<M> = { [Name in keyof SharedMethods]: PromisedMethod<M, Name> };

/** Names of the methods of `M`. */
type MethodName<M> = {
  [Name in keyof M]-?: NonNullable<M[Name]> extends (...args: never) => unknown ? Name : never;
}[keyof M];

/**
 * Methods of a wrapped client that are not passed on: two are for the client around it, and an object with `then` cannot be the result of
 * a promise.
 */
const withheldNames = ['fork', 'hashPassword', 'then'] as const;

/** The methods that only `M` has, returning promises, except those named `Taken`. */
export type OwnMethods<M, Taken extends PropertyKey> = {
  [Name in keyof Pick<M, Exclude<MethodName<M>, Taken | (typeof withheldNames)[number]>>]: AsPromise<M[Name]>;
};

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

/**
 * Defines on `client` the methods that only `meta` has, and not the client: they run as reads, because it is unknown whether they change
 * anything.
 */
export function passOwnMethods(
  client: object,
  meta: MetaClientLike,
  read: (operation: (meta: MetaClientLike) => unknown) => Promise<unknown>,
): void {
  const withheld: readonly string[] = withheldNames;
  for (const name of methodNamesOf(meta)) {
    if (name in client || withheld.includes(name)) continue;
    const value = (...args: unknown[]) => withCallerFrames(() => read((target) => call(target, name, args)));
    Object.defineProperty(client, name, { value, writable: true, configurable: true });
  }
}

function* methodNamesOf(meta: object): Generator<string> {
  for (let owner = meta; owner && owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner)))
      if (typeof value === 'function') yield name;
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
