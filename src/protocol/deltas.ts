/**
 * How metadata crossed the wire. `fallback`: as a snapshot, in place of a delta that could not be used.
 */
export type MetadataForm = 'delta' | 'snapshot' | 'fallback';

/** The instance manipulation of RFC 3229 for deltas in VCDIFF. */
export const vcdiff = 'vcdiff';

/** The media type of a pushed delta. */
export const vcdiffType = 'application/vcdiff';

/** Maximum bytes of a pushed delta. A larger one is not worth it: reading a delta takes more memory than its bytes. */
export const maxPushedDelta = 256 * 1024;

/** A version in its history. */
interface Tagged {
  readonly epoch?: string | undefined;
  readonly version: number;
}

/** Returns the entity tag of a version, `"<epoch>/<version>"`; undefined if there is no epoch, or one that a tag cannot contain. */
export function versionTag({ epoch, version }: Tagged): string | undefined {
  return epoch === undefined || !/^[\x21\x23-\x7e]+$/.test(epoch) ? undefined : `"${epoch}/${version}"`;
}

/**
 * Returns the epoch in the first entity tag of a list (`If-None-Match`) that names `version`, in `epoch` if that is known. Weak tags do not
 * name bytes.
 */
export function taggedEpoch(list: string | undefined, { epoch, version }: Tagged): string | undefined {
  for (const [, weak, tag = ''] of (list ?? '').matchAll(/(W\/)?"([^"]*)"/g)) {
    const slash = tag.lastIndexOf('/');
    const tagged = tag.slice(0, Math.max(slash, 0));
    if (weak !== undefined || tagged === '' || tag.slice(slash + 1) !== String(version)) continue;
    if (epoch === undefined || epoch === tagged) return tagged;
  }
  return undefined;
}

/** Returns whether a list of instance manipulations (`A-IM`, `IM`) contains VCDIFF, and does not exclude it. */
export function namesVcdiff(list: string | null | undefined): boolean {
  return (list ?? '').split(',').some((item) => {
    const [name, weight] = /^\s*([^\s;]+)\s*(?:;\s*q=(.*))?$/i.exec(item)?.slice(1) ?? [];
    return name?.toLowerCase() === vcdiff && !/^0(?:\.0*)?\s*$/.test(weight ?? '1');
  });
}
