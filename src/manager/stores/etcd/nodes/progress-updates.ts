import type { JsonObject } from '../../../../json-object.js';
import type { NodeProgress } from '../../../../protocol/node-progress.js';

/** Progress that a node reported to a manager; legacy clients have no instance. */
export interface ProgressUpdate {
  readonly nodeId: number;
  /** Whether a poll reported it, not a heartbeat. */
  readonly isPoll: boolean;
  readonly progress: NodeProgress;
}

/** `[id, instance, index of the epoch, version, applied version, 1 for a poll]`; numbers are differences to the update before. */
type Row = readonly [number, string | null, number, number | null, number | null, number];

/** Approximate size of an update in JSON, in bytes. */
export const updateBytes = 120;

const isOptionalInteger = (value: unknown) => value === null || Number.isSafeInteger(value);
const isRow = (value: unknown): value is Row =>
  Array.isArray(value) &&
  value.length === 6 &&
  Number.isSafeInteger(value[0]) &&
  (value[1] === null || typeof value[1] === 'string') &&
  Number.isSafeInteger(value[2]) &&
  isOptionalInteger(value[3]) &&
  isOptionalInteger(value[4]) &&
  Number.isSafeInteger(value[5]);
const areRows = (value: unknown): value is readonly Row[] => Array.isArray(value) && value.every(isRow);

/** Encodes updates in order. */
export function encodeUpdates(words: readonly ProgressUpdate[]): {
  readonly epochs: readonly string[];
  readonly words: readonly Row[];
} {
  const epochs: string[] = [];
  const last = { id: 0, version: 0, applied: 0 };
  const placeOf = (epoch: string | undefined) => {
    if (epoch === undefined) return -1;
    const place = epochs.indexOf(epoch);
    return place < 0 ? epochs.push(epoch) - 1 : place;
  };
  const rows = words.map(({ nodeId, isPoll, progress }): Row => {
    const { version = null, applied = null } = progress;
    const row: Row = [
      nodeId - last.id,
      progress.instance ?? null,
      placeOf(progress.epoch),
      version === null ? null : version - last.version,
      applied === null ? null : applied - last.applied,
      isPoll ? 1 : 0,
    ];
    last.id = nodeId;
    last.version = version ?? last.version;
    last.applied = applied ?? last.applied;
    return row;
  });
  return { epochs, words: rows };
}

/** Decodes updates; records of managers without progress contain none. */
export function decodeUpdates(json: JsonObject): readonly ProgressUpdate[] {
  const rows = json.optionalField('words', areRows, 'an array of words') ?? [];
  const epochs = json.optionalTexts('epochs') ?? [];
  const last = { id: 0, version: 0, applied: 0 };
  return rows.map(([id, instance, epoch, version, applied, isPoll]) => {
    last.id += id;
    last.version += version ?? 0;
    last.applied += applied ?? 0;
    const progress: NodeProgress = {
      ...(instance === null ? {} : { instance }),
      ...(epochs[epoch] === undefined ? {} : { epoch: epochs[epoch] }),
      ...(version === null ? {} : { version: last.version }),
      ...(applied === null ? {} : { applied: last.applied }),
    };
    return { nodeId: last.id, isPoll: isPoll === 1, progress };
  });
}
