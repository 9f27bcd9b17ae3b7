import type { Call, Operation, Result } from '../history.js';

let lastId = 0;

const operation = (
  call: Call,
  begin: number,
  end: number,
  rest: Pick<Operation, 'outcome'> & Partial<Operation>,
): Operation => ({ id: ++lastId, client: 'n', call, begin, end, ...rest });

/** One with a result; `version` is the one that it read, or made. */
export const ok = (call: Call, begin: number, end: number, result: Result = 'done', version?: number) =>
  operation(call, begin, end, {
    outcome: 'ok',
    result,
    ...(version === undefined ? {} : { at: { epoch: 'e', version } }),
  });

export const failed = (call: Call, begin: number, end: number) =>
  operation(call, begin, end, { outcome: 'failed' });

export const unknown = (call: Call, begin: number) =>
  operation(call, begin, Number.POSITIVE_INFINITY, { outcome: 'unknown' });

export const append = (value: string, key = 'k'): Call => ({ do: 'append', key, value });
export const create = (value: string, key = 'k'): Call => ({ do: 'create', key, value });
export const drop = (key = 'k'): Call => ({ do: 'drop', key });
export const read: Call = { do: 'read' };
