import { describe, expect, it } from 'vitest';
import { EventHub } from '../../src/client/observe/event-hub.js';

describe('EventHub', () => {
  it('R14: a listener that throws stops neither the other listeners nor the emitter, and its error is not swallowed', async () => {
    const hub = new EventHub();
    const heard: string[] = [];
    const uncaught = new Promise((resolve) => {
      const others = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const other of others) process.on('uncaughtException', other);
        resolve(error);
      });
    });
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
    const hub = new EventHub();
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
});
