import { describe, expect, it } from 'vitest';
import { notesOn } from '../../src/meta/notes.js';

describe('notes on objects', () => {
  it('are kept for each object, and can be changed', () => {
    const notes = notesOn<object, string>();
    const [one, other] = [{ name: 'one' }, ['other']];
    notes.set(one, 'a');
    notes.set(other, 'b');
    notes.set(one, 'c');
    expect([notes.get(one), notes.get(other), notes.get({ name: 'one' })]).toEqual(['c', 'b', undefined]);
  });

  it('of two kinds do not disturb each other', () => {
    const [names, numbers] = [notesOn<object, string>(), notesOn<object, number>()];
    const object = {};
    names.set(object, 'a');
    expect(numbers.get(object)).toBeUndefined();
    numbers.set(object, 1);
    expect([names.get(object), numbers.get(object)]).toEqual(['a', 1]);
  });

  it('are not visible, and are not copied', () => {
    const notes = notesOn<object, string>();
    const object = { name: 'one' };
    notes.set(object, 'a');
    expect(Reflect.ownKeys(object)).toEqual(['name']);
    expect(object).toStrictEqual({ name: 'one' });
    expect([notes.get({ ...object }), notes.get(structuredClone(object))]).toEqual([undefined, undefined]);
  });

  it('are kept of frozen objects, frozen before or after', () => {
    const notes = notesOn<object, string>();
    const frozen = Object.freeze({});
    notes.set(frozen, 'a');
    notes.set(frozen, 'b');
    const object = {};
    notes.set(object, 'c');
    Object.freeze(object);
    notes.set(object, 'd');
    expect([notes.get(frozen), notes.get(object)]).toEqual(['b', 'd']);
  });
});
