import type { JsonObject } from '../../../../json-object.js';
import type { NodeWord } from '../../../../protocol/node-word.js';

/** What a node said to a manager; without an instance it spoke the legacy protocol. */
export interface HeardWord {
  readonly nodeId: number;
  /** By a poll; otherwise by a heartbeat. */
  readonly isPoll: boolean;
  readonly word: NodeWord;
}

/** `[id, instance, number of the epoch, version, applied version, 1 for a poll]`: of numbers the difference to the word before. */
type Row = readonly [number, string | null, number, number | null, number | null, number];

/** Bytes of a word in JSON, about. */
export const wordBytes = 120;

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

/** In the order in which they were said. */
export function encodeWords(words: readonly HeardWord[]): {
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
  const rows = words.map(({ nodeId, isPoll, word }): Row => {
    const { version = null, applied = null } = word;
    const row: Row = [
      nodeId - last.id,
      word.instance ?? null,
      placeOf(word.epoch),
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

/** Of a manager that does not keep words: none. */
export function decodeWords(json: JsonObject): readonly HeardWord[] {
  const rows = json.optionalField('words', areRows, 'an array of words') ?? [];
  const epochs = json.optionalTexts('epochs') ?? [];
  const last = { id: 0, version: 0, applied: 0 };
  return rows.map(([id, instance, epoch, version, applied, isPoll]) => {
    last.id += id;
    last.version += version ?? 0;
    last.applied += applied ?? 0;
    const word: NodeWord = {
      ...(instance === null ? {} : { instance }),
      ...(epochs[epoch] === undefined ? {} : { epoch: epochs[epoch] }),
      ...(version === null ? {} : { version: last.version }),
      ...(applied === null ? {} : { applied: last.applied }),
    };
    return { nodeId: last.id, isPoll: isPoll === 1, word };
  });
}
