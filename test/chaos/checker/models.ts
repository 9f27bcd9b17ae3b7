import type { Call, Contents, Result } from '../history.js';
import type { Model } from './model.js';

/** What is known beforehand of how an object ends up; it makes the search short. */
export interface Hint {
  /** The longest list that was read: a list that is neither a prefix nor an extension of it leads nowhere. */
  readonly longest?: string;
}

/** One thing of the metadata: a list that only grows, or something that is there or not. */
export function objectModel({ longest = '' }: Hint = {}): Model<Call, string> {
  const leadsOn = (list: string) => longest.startsWith(list) || list.startsWith(longest);
  return {
    initial: '',
    isRead,
    step(state, call, result) {
      switch (call.do) {
        case 'append': {
          // Each is requested only once: `exists` shows that it was applied before.
          if (result !== undefined && result !== 'done') return undefined;
          const list = state === '' ? call.value : `${state} ${call.value}`;
          return leadsOn(list) ? list : undefined;
        }
        case 'create':
          return answered(result, state === '' ? 'done' : 'exists', state === '' ? call.value : state);
        case 'drop':
          return answered(result, state === '' ? 'missing' : 'done', '');
        case 'make':
        case 'recreate':
          return answered(result, 'done', 'there');
        case 'remove':
          return answered(result, 'done', '');
        case 'read':
          return answered(result, state, state);
      }
    },
  };
}

const isRead = (call: Call) => call.do === 'read';

const answered = (result: string | undefined, expected: string, after: string) =>
  result === undefined || result === expected ? after : undefined;

/** All of them together: reads see every thing at one moment. */
export const wholeModel: Model<Call, Result> = {
  initial: '{}',
  isRead,
  step(state, call, result) {
    const contents: Contents = JSON.parse(state);
    if (call.do === 'read') {
      return result === undefined || sameContents(chosen(contents, call.keys), result) ? state : undefined;
    }
    if (typeof result === 'object') return undefined;
    const after = objectModel().step(contents[call.key] ?? '', call, result);
    return after === undefined ? undefined : JSON.stringify(sorted({ ...contents, [call.key]: after }));
  },
};

const chosen = (contents: Contents, keys: readonly string[] | undefined): Contents =>
  keys === undefined ? contents : Object.fromEntries(keys.map((key) => [key, contents[key] ?? '']));

function sameContents(contents: Contents, read: Result): boolean {
  return typeof read === 'object' && JSON.stringify(sorted(contents)) === JSON.stringify(sorted(read));
}

/** What is not there is left out, so that equal contents are equal text. */
function sorted(contents: Contents): Contents {
  return Object.fromEntries(
    Object.entries(contents)
      .filter(([, value]) => value !== '')
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
