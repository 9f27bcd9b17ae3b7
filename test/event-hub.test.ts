import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { EventHub } from '../src/event-hub.js';
import { nextUncaught } from './support/next-uncaught.js';

interface Events {
  closed: [];
}

describe('EventHub', () => {
  it('R14: a listener that throws stops neither the other listeners nor the emitter, and its error is not swallowed', async () => {
    const hub = new EventHub<Events>(['closed']);
    const heard: string[] = [];
    const uncaught = nextUncaught();
    const mistake = new Error('listener');
    hub.on('closed', () => {
      throw mistake;
    });
    hub.on('closed', () => heard.push('second'));
    hub.emit('closed');
    expect(heard).toEqual(['second']);
    expect(await uncaught).toBe(mistake);
  });

  it('calls once only once, and off finds what on and once were given', () => {
    const hub = new EventHub<Events>(['closed']);
    const heard: string[] = [];
    const always = () => heard.push('always');
    hub.on('closed', always);
    hub.once('closed', () => heard.push('once'));
    hub.emit('closed');
    hub.emit('closed');
    hub.off('closed', always);
    hub.emit('closed');
    expect(heard).toEqual(['always', 'once', 'always']);
  });

  it('ends a subscription when its signal aborts, and no other of the same listener', () => {
    const hub = new EventHub<Events>(['closed']);
    const [first, second] = [new AbortController(), new AbortController()];
    let calls = 0;
    const listener = () => {
      calls += 1;
    };
    const callsOfEmit = () => {
      const before = calls;
      hub.emit('closed');
      return calls - before;
    };
    hub.on('closed', listener, { signal: first.signal });
    hub.on('closed', listener, { signal: second.signal });
    hub.on('closed', listener);
    hub.once('closed', listener, { signal: first.signal });
    expect(callsOfEmit()).toBe(4);
    expect(callsOfEmit()).toBe(3);
    first.abort();
    expect(callsOfEmit()).toBe(2);
    hub.on('closed', listener, { signal: first.signal });
    expect(callsOfEmit()).toBe(2);
    hub.off('closed', listener);
    expect(callsOfEmit()).toBe(0);
  });

  it('R14: a signal that outlives subscriptions gathers no listeners', () => {
    const hub = new EventHub<Events>(['closed']);
    const { signal } = new AbortController();
    for (let i = 0; i < 10; i++) {
      const listener = () => undefined;
      hub.on('closed', listener, { signal });
      hub.off('closed', listener);
      hub.once('closed', listener, { signal });
      hub.emit('closed');
    }
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    hub.on('closed', () => undefined, { signal });
    hub.removeAll();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
