import { Deferred } from '../../async/deferred.js';
import type { WaitForNodesRequest, WaitForNodesResult } from '../../protocol/waiting-for-nodes.js';
import type { Head } from '../manager-store.js';
import { historyChanged } from '../refusals.js';
import type { NodesLook } from './nodes-look.js';
import { hasFindings, type Spread, spreadOf } from './spread.js';

/** One wait until every node has a version: judged by each look at the nodes, until one completes it. */
export class NodeWait {
  readonly request: WaitForNodesRequest;
  readonly #outcome = new Deferred<WaitForNodesResult>();
  #isJudged = false;
  #last: { readonly look: NodesLook; readonly spread: Spread } | undefined;
  /** The epoch of the history, and the mutation of the version if it was found in it. */
  #history: { readonly epoch: string; readonly mutation?: string | undefined } | undefined;

  constructor(request: WaitForNodesRequest) {
    this.request = request;
    // The requester may have gone.
    this.#outcome.promise.catch(() => {});
  }

  get outcome(): Promise<WaitForNodesResult> {
    return this.#outcome.promise;
  }

  /** The nodes that the last look found behind. */
  get behind(): Spread['behind'] {
    return this.#last?.spread.behind ?? [];
  }

  /** Whether a look has judged it. */
  get isJudged(): boolean {
    return this.#isJudged;
  }

  /** Judges by `look`, which began after this wait. `uncertainFor`: milliseconds until a manager that has just started knows all nodes. */
  judge(look: NodesLook): void {
    const { version, seen } = this.request;
    this.#isJudged = true;
    if (this.#isOfOtherHistory(look.head)) {
      this.fail(historyChanged(version));
      return;
    }
    const spread = spreadOf(look.nodes, version, seen);
    this.#last = { look, spread };
    if (spread.behind.length === 0 && look.uncertainFor === 0) this.end();
  }

  /** Resolves with what the last look found. */
  end(): void {
    if (this.#last === undefined) return;
    const { look, spread } = this.#last;
    const { upToDate, behind, unknown } = spread;
    const { uncertainFor } = look;
    const withFindings = upToDate.filter(({ id, kind }) => {
      const report = kind === 'agent' ? look.reportOf(id) : undefined;
      return report !== undefined && hasFindings(report);
    });
    this.#outcome.resolve({
      version: this.request.version,
      complete: behind.length === 0 && uncertainFor === 0,
      counted: upToDate.length + behind.length,
      behind,
      withFindings,
      unknown,
      ...(uncertainFor === 0 ? {} : { uncertainFor: Math.ceil(uncertainFor) }),
    });
  }

  fail(reason: unknown): void {
    this.#outcome.reject(reason);
  }

  /** Whether the version is not, or no longer, one that the history in `head` has or may get. */
  #isOfOtherHistory({ epoch, latest, retained }: Head): boolean {
    const { version } = this.request;
    const kept = retained ?? (latest === undefined ? [] : [latest]);
    const record = kept.find((each) => each.version === version);
    const before = this.#history ?? { epoch: this.request.epoch ?? epoch };
    this.#history = { epoch: before.epoch, mutation: before.mutation ?? record?.mutation };
    if (epoch !== before.epoch) return true;
    const oldest = kept.at(-1)?.version;
    const isBelowKept = oldest !== undefined && version < oldest;
    if (record !== undefined) return before.mutation !== undefined && record.mutation !== before.mutation;
    // It was there, or others took its place: the store was restored from a backup.
    const isGone =
      before.mutation !== undefined || (retained !== undefined && version < (latest?.version ?? 0));
    return !isBelowKept && isGone;
  }
}
