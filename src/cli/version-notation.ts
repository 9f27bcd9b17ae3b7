import { InvalidArgumentError } from 'commander';
import { CfluxError } from '../errors.js';
import { noVersion, parseVersion } from '../protocol/version.js';
import type { Snapshot } from '../transport/transport.js';
import type { ManagerApi } from './manager-api.js';

/** A version as a user writes it: a place in the history, or the digits of a version or of its ending. */
export type VersionNotation =
  | { readonly kind: 'place'; readonly back: number; readonly text: string }
  | {
      readonly kind: 'digits';
      readonly digits: string;
      /** Whether the digits may be a whole version. */
      readonly mayBeWhole: boolean;
      readonly text: string;
    };

/** Digits of the shortest ending, in tables and without an ellipsis: the versions kept at one time usually follow one another. */
const shortest = 4;

/** Describes the notations, in a sentence of a help text. */
export const versionHelp = `A version is written in digits, by an ending that is unambiguous (…4711, ...4711 or 4711), as latest, or as the number
of versions before the latest (-1, ~2).`;

/**
 * Parses `latest`, `-1` and `~2` (the number of versions before the latest; also `latest~2`), a version in digits, and an ending
 * (`…4711`, `...4711`, or at least four digits).
 */
export function parseVersionNotation(text: string): VersionNotation {
  const [, back] = /^(?:latest)?[-~]([0-9]{1,6})$/.exec(text) ?? [];
  if (back !== undefined) return { kind: 'place', back: Number(back), text };
  if (text === 'latest') return { kind: 'place', back: 0, text };
  const [, ellipsis, digits = ''] = /^(…|\.\.\.?)?([0-9]{1,16})$/.exec(text) ?? [];
  const version = parseVersion(digits);
  if (version !== undefined && (ellipsis !== undefined || version !== noVersion))
    return { kind: 'digits', digits, mayBeWhole: ellipsis === undefined, text };
  throw new InvalidArgumentError('write digits or an ending (…4711) from `cflux history`, latest, -1 or ~2');
}

/**
 * Resolves a notation with one look at the history.
 *
 * @throws CfluxError `VERSION_NOT_FOUND`, or `INVALID_OPTION` for an ending of several versions
 */
export async function resolveVersion(
  manager: ManagerApi,
  cluster: string,
  notation: VersionNotation,
): Promise<number> {
  return resolve(notation, await keptOf(manager, cluster));
}

/** Returns a version with its bytes; the newest one without a notation, or `undefined` if the cluster has no data. */
export async function snapshotOf(
  manager: ManagerApi,
  cluster: string,
  notation: VersionNotation | undefined,
): Promise<Snapshot | undefined> {
  if (notation === undefined) return manager.newest(cluster);
  const version = await resolveVersion(manager, cluster, notation);
  return { version, snapshot: await manager.version(cluster, version) };
}

/**
 * Resolves two notations; if the second is absent, the first is the newer version and its predecessor the older one.
 *
 * @throws CfluxError as `resolveVersion`
 */
export async function resolvePair(
  manager: ManagerApi,
  cluster: string,
  first: VersionNotation,
  second: VersionNotation | undefined,
): Promise<readonly [older: number, newer: number]> {
  const kept = await keptOf(manager, cluster);
  const version = resolve(first, kept);
  if (second !== undefined) return [version, resolve(second, kept)];
  const place = kept.indexOf(version);
  const predecessor = kept[place + 1];
  if (place < 0) throw notFound(`${version} is not retained (any more)`, kept);
  if (predecessor === undefined)
    throw notFound(`${version} is the oldest one, and its predecessor is not retained`, kept);
  return [predecessor, version];
}

/** The kept versions, newest first. */
async function keptOf(manager: ManagerApi, cluster: string): Promise<readonly number[]> {
  const history = await manager.history(cluster);
  return history.map(({ version }) => version);
}

function resolve(notation: VersionNotation, kept: readonly number[]): number {
  if (notation.kind === 'place') {
    const version = kept[notation.back];
    if (version === undefined) throw notFound(`${notation.text} goes back too far`, kept);
    return version;
  }
  const { digits, mayBeWhole, text } = notation;
  const whole = Number(digits);
  if (mayBeWhole && (kept.includes(whole) || digits.length < shortest)) return whole;
  const ending = kept.filter((version) => String(version).endsWith(digits));
  const [version, ...others] = ending;
  if (version === undefined) {
    // The manager decides: another one may keep more versions.
    if (mayBeWhole) return whole;
    throw notFound(`no version ends with ${digits}`, kept);
  }
  if (others.length === 0) return version;
  throw new CfluxError('INVALID_OPTION', `${text} is ambiguous: ${ending.join(', ')}; write more digits`);
}

const notFound = (why: string, kept: readonly number[]) =>
  new CfluxError(
    'VERSION_NOT_FOUND',
    `version not found: ${why}; the manager keeps ${kept.length === 1 ? 'one version' : `${kept.length} versions`}, ${kept.at(-1)} to ${kept[0]}`,
  );

/**
 * Shortens versions for tables: an ellipsis and the shortest ending, of four digits or more, that is unambiguous among `kept`.
 * Versions of few digits stay whole.
 */
export function shortVersions(kept: readonly number[]): (version: number) => string {
  const texts = [...new Set(kept)].map(String);
  let length = shortest;
  while (new Set(texts.map((text) => text.slice(-length))).size < texts.length) length++;
  return (version) => {
    const text = String(version);
    return text.length <= length + 2 ? text : `…${text.slice(-length)}`;
  };
}
