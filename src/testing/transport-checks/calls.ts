import assert from 'node:assert/strict';
import { aPush, bytes, type Checks, cluster, committed, failsWith, rejection, snapshot } from './bench.js';

export const callChecks: Checks = {
  async 'keeps clusters of any name apart'(transport) {
    const names = [
      'a',
      'A',
      'a b',
      'a+b',
      'a/b',
      '../x',
      '%2e%2e',
      '__proto__',
      'ü\u{1f600}',
      'x'.repeat(255),
    ];
    for (const name of names) await transport.push(aPush({ cluster: name, snapshot: bytes(name) }));
    for (const name of names) {
      const polled = snapshot(await transport.poll({ cluster: name, version: 0, wait: 0 }));
      assert.equal(polled.snapshot.toString(), name);
    }
  },

  async 'rejects with the reason, and that nothing was stored'(transport) {
    const error = await failsWith('BAD_REQUEST', transport.push(aPush({ cluster: 'x'.repeat(256) })));
    assert.equal(error.outcome, 'notApplied');
    assert.equal(error.retryable, false);
    assert.match(error.message, /255 bytes/);
  },

  async 'transfers an offer, and how long to wait'(transport) {
    const offering = aPush({ offer: { epoch: 'lost', version: 12 } });
    const error = await failsWith('UNAVAILABLE', transport.push(offering, { timeout: 5_000 }));
    assert.equal(error.retryable, true);
    assert.ok((error.retryAfter ?? 0) > 0, 'how long to wait is missing');
    assert.equal(error.outcome, 'unknown');
  },

  async 'ends a call with the reason of its signal'(transport) {
    const version = committed(await transport.push(aPush()));
    const early = { reason: 'early' };
    const poll = { cluster, version, wait: 20_000 };
    assert.equal(await rejection(transport.poll(poll, { signal: AbortSignal.abort(early) })), early);
    const controller = new AbortController();
    const held = rejection(transport.poll(poll, { signal: controller.signal }));
    await transport.poll({ cluster, version, wait: 0 });
    const late = { reason: 'late' };
    controller.abort(late);
    assert.equal(await held, late);
    await transport.push(aPush({ version, mutation: 'mutation-2' }));
  },

  async 'ends a call after its timeout'(transport) {
    const version = committed(await transport.push(aPush()));
    const begin = performance.now();
    await failsWith('TIMEOUT', transport.poll({ cluster, version, wait: 20_000 }, { timeout: 200 }));
    assert.ok(performance.now() - begin < 10_000, 'it took much longer');
  },

  async 'ends every call when it is closed'(transport) {
    const version = committed(await transport.push(aPush()));
    const held = rejection(transport.poll({ cluster, version, wait: 20_000 }));
    await transport.poll({ cluster, version, wait: 0 });
    await transport.close?.();
    await held;
    await rejection(transport.push(aPush()));
    await transport.close?.();
  },
};
