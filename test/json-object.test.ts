import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonFault, JsonObject, parseJson } from '../src/json-object.js';

/** What a reader refuses `text` for. */
function faultOf(text: string, read: (object: JsonObject) => unknown): JsonFault | undefined {
  const fault = new Error('refused');
  let found: JsonFault | undefined;
  const refuse = (refused: JsonFault) => {
    found = refused;
    return fault;
  };
  try {
    read(JsonObject.parse(text, refuse));
  } catch (error) {
    expect(error).toBe(fault);
  }
  return found;
}

const readers = {
  text: (object: JsonObject) => object.text('f'),
  boolean: (object: JsonObject) => object.boolean('f'),
  integer: (object: JsonObject) => object.integer('f'),
  texts: (object: JsonObject) => object.texts('f'),
  integers: (object: JsonObject) => object.integers('f'),
  object: (object: JsonObject) => object.object('f'),
  objects: (object: JsonObject) => object.objects('f'),
} as const;

const isWanted: Record<keyof typeof readers, (value: unknown) => boolean> = {
  text: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  integer: (value) => Number.isSafeInteger(value),
  texts: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  integers: (value) => Array.isArray(value) && value.every((each) => Number.isSafeInteger(each)),
  object: isJsonObject,
  objects: (value) => Array.isArray(value) && value.every(isJsonObject),
};

describe('JsonObject', () => {
  it.each(Object.keys(readers) as (keyof typeof readers)[])(
    'reads %s from exactly the values that are of that type, and names the place of any other',
    (kind) => {
      const values = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.array(fc.string()), fc.array(fc.integer()));
      fc.assert(
        fc.property(values, (value) => {
          const fault = faultOf(JSON.stringify({ f: value }), readers[kind]);
          if (isWanted[kind](value)) expect(fault).toBeUndefined();
          else expect(fault?.place).toMatch(/^f(\[\d+\])?$/);
        }),
      );
    },
  );

  it('names a place in lists and objects within each other', () => {
    const text = '{"versions":[{},{"record":{"at":"now"}}]}';
    const at = (object: JsonObject) => object.objects('versions')[1]?.object('record').integer('at');
    expect(faultOf(text, at)).toEqual({ place: 'versions[1].record.at', expected: 'a whole number' });
    const list = () => JsonObject.parseList('[{"id":1},{}]').map((each) => each.integer('id', { min: 1 }));
    expect(list).toThrow('[1].id is not a whole number from 1');
  });

  it('takes a missing field for absent where it is optional, but not one of another type', () => {
    const object = JsonObject.parse('{"number":1,"nothing":null}');
    expect([object.optionalText('f'), object.optionalInteger('f'), object.optionalObject('f')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(object.optionalTexts('f')).toBeUndefined();
    expect(() => object.optionalText('number')).toThrow('number is not a string');
    expect(() => object.optionalObject('nothing')).toThrow('nothing is not a JSON object');
  });

  it('checks the range of an integer', () => {
    const object = JsonObject.parse('{"id":0,"at":8640000000000001,"far":9007199254740993,"part":1.5}');
    expect(object.integer('id', { min: 0 })).toBe(0);
    expect(() => object.integer('id', { min: 1 })).toThrow('id is not a whole number from 1');
    expect(() => object.integer('at', { max: 8.64e15 })).toThrow('up to 8640000000000000');
    expect(() => object.integer('far')).toThrow('far is not a whole number');
    expect(() => object.integer('part')).toThrow('part is not a whole number');
  });

  it('has no fields but those of the text', () => {
    const object = JsonObject.parse('{"__proto__":{"a":1}}');
    expect(object.value('constructor')).toBeUndefined();
    expect(object.value('a')).toBeUndefined();
    expect(object.object('__proto__').integer('a')).toBe(1);
  });

  it.each(['', '{', 'null', '[]', '"text"', '7'])('refuses %j as a whole, with an empty place', (text) => {
    expect(faultOf(text, () => undefined)?.place).toBe('');
  });

  it('reads bytes as UTF-8, and hands the error of the parser on as the cause', () => {
    expect(parseJson(Buffer.from('"ä"'))).toBe('ä');
    expect(faultOf('{', () => undefined)).toMatchObject({ expected: 'JSON', cause: expect.any(SyntaxError) });
  });
});
