import { vcdiff, versionTag } from '../../protocol/deltas.js';
import { headers } from '../../protocol/headers.js';
import type { OfferedDelta } from '../versions/recent-changes.js';
import { isClearlyBelow, leastCompressed } from './compressed-size.js';
import { standingHeaders } from './history-headers.js';
import { protection } from './response-protection.js';
import type { SnapshotEncodings } from './snapshot-encodings.js';

/** A delta as it is sent: decided and described once, however many nodes receive it. */
interface EncodedDelta {
  /** Names and values alternate. */
  readonly headers: string[];
  /** At most half of the compressed snapshot; a promise while that is being compressed. */
  readonly isSmall: boolean | Promise<boolean>;
}

/** Encodings by delta: they live as long as the manager keeps the delta itself. */
export class DeltaEncodings {
  readonly #snapshots: SnapshotEncodings;
  readonly #byDelta = new WeakMap<Uint8Array, EncodedDelta>();

  constructor(snapshots: SnapshotEncodings) {
    this.#snapshots = snapshots;
  }

  /** @param base the version that the delta is applied to */
  of(offered: OfferedDelta, base: number): EncodedDelta {
    const known = this.#byDelta.get(offered.delta);
    if (known !== undefined) return known;
    const encoded: EncodedDelta = { headers: headersOf(offered, base), isSmall: this.#isSmall(offered) };
    this.#byDelta.set(offered.delta, encoded);
    return encoded;
  }

  /** Compresses the snapshot only if that can make a difference. */
  #isSmall(offered: OfferedDelta): boolean | Promise<boolean> {
    const { delta, bytes } = offered;
    const [twice, size] = [2 * delta.byteLength, bytes.byteLength];
    if (twice > size) return false;
    if (twice <= leastCompressed(size)) return true;
    return this.#isBelowCompressed(twice, offered);
  }

  async #isBelowCompressed(limit: number, { bytes, whole }: OfferedDelta): Promise<boolean> {
    if (await isClearlyBelow(limit, bytes)) return true;
    const gzipped = await this.#snapshots.of(whole.snapshot).gzipped();
    return limit <= (gzipped?.byteLength ?? bytes.byteLength);
  }
}

function headersOf({ version, epoch, mutation, delta, digest }: OfferedDelta, base: number): string[] {
  return Object.entries({
    ...standingHeaders({ version, epoch, mutation }),
    [headers.delta]: vcdiff,
    [headers.deltaBase]: versionTag({ epoch, version: base }) ?? '',
    [headers.tag]: versionTag({ epoch, version }) ?? '',
    [headers.resultDigest]: digest ?? '',
    ...protection,
    'Content-Length': String(delta.byteLength),
  }).flat();
}
