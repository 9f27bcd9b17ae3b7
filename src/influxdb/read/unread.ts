import type { CfluxError } from '../../errors.js';
import type { Item, ItemKind } from '../statements/item.js';

/** A statement that reads a part of a server's metadata, and its failure, which names it. */
export interface FailedReading {
  readonly statement: string;
  readonly error: CfluxError;
  /** The part that it reads. */
  readonly part: Part;
}

/** A part of a server's metadata that one statement reads. */
export type Part =
  | { readonly of: 'users' | 'continuousQueries' | 'subscriptions' }
  | { readonly of: 'policies'; readonly database: string }
  | { readonly of: 'grants'; readonly user: string };

/**
 * The parts of a server's metadata that could not be read. Metadata that was read without them does not contain their items, although
 * the server may have them: such items are neither changed nor dropped, and count neither as in sync nor as unmanaged.
 */
export class Unread {
  readonly failures: readonly FailedReading[];
  readonly #parts: ReadonlyMap<string, FailedReading>;

  constructor(failures: readonly FailedReading[]) {
    this.failures = failures;
    this.#parts = new Map(failures.map((failure) => [nameOf(failure.part), failure]));
  }

  /** Throws the first failure. */
  expectNone(): void {
    const [first] = this.failures;
    if (first !== undefined) throw first.error;
  }

  /** Returns why it is not known whether the server has `item`; `undefined` if that is known. */
  whyHidden(item: Item): string | undefined {
    return this.#reasonOf(partsOf(item.kind, 'user' in item ? item.user : item.database));
  }

  /** As {@link whyHidden}, for an item by its key. */
  hidesKey(key: string): boolean {
    if (this.#parts.size === 0) return false;
    const [kind, name] = JSON.parse(key) as [ItemKind, string];
    return this.#reasonOf(partsOf(kind, name)) !== undefined;
  }

  /** Returns why it is not known what would be dropped together with `item`; `undefined` if that is known. */
  whyUnknownInside(item: Item): string | undefined {
    if (this.#parts.size === 0) return undefined;
    if (item.kind === 'user') return this.#reasonOf([{ of: 'grants', user: item.user }]);
    if (item.kind === 'retentionPolicy') return this.#reasonOf([{ of: 'subscriptions' }]);
    if (item.kind !== 'database') return undefined;
    const inside: readonly Part[] = [
      { of: 'policies', database: item.database },
      { of: 'subscriptions' },
      { of: 'continuousQueries' },
    ];
    return this.#reasonOf(inside);
  }

  #reasonOf(parts: readonly Part[]): string | undefined {
    if (this.#parts.size === 0) return undefined;
    const failure = parts.map((part) => this.#parts.get(nameOf(part))).find((found) => found !== undefined);
    return failure && `it is not known: ${failure.error.message}`;
  }
}

/** Everything was read. */
export const nothingUnread = new Unread([]);

/** Returns the parts that show an item; `name`: its user, or else its database. */
function partsOf(kind: ItemKind, name: string): readonly Part[] {
  switch (kind) {
    case 'database':
      return [];
    case 'retentionPolicy':
    case 'retention':
    case 'writeLimit':
      return [{ of: 'policies', database: name }];
    case 'subscription':
      return [{ of: 'policies', database: name }, { of: 'subscriptions' }];
    case 'continuousQuery':
      return [{ of: 'continuousQueries' }];
    case 'user':
      return [{ of: 'users' }];
    case 'grant':
      return [{ of: 'users' }, { of: 'grants', user: name }];
  }
}

const nameOf = (part: Part): string => JSON.stringify(Object.values(part));
