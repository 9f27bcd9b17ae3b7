import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { expect, it, onTestFinished } from 'vitest';
import { codecTests } from './support/codec-tests.js';
import { describeInChromium, openPage } from './support/dashboard.js';

interface Outcome {
  readonly count: number;
  readonly failures: readonly string[];
}

describeInChromium('the codec in Chromium', () => {
  it('the tests of the codec pass in the browser, with the bytes that the dashboard uses', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cflux-codec-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    await build({
      configFile: false,
      root: new URL('../../', import.meta.url).pathname,
      logLevel: 'error',
      plugins: [codecTests()],
      resolve: {
        alias: [
          {
            find: /^\.\/bytes\.js$/,
            replacement: new URL('../../src/meta/codec/bytes-browser.ts', import.meta.url).pathname,
          },
        ],
      },
      build: {
        target: 'es2022',
        minify: false,
        outDir: join(directory, 'out'),
        rollupOptions: {
          input: 'codec-tests',
          preserveEntrySignatures: 'strict',
          output: { format: 'iife', name: 'codecTests', entryFileNames: 'tests.js' },
        },
      },
    });
    const { page } = await openPage('');
    await page.evaluate(
      `${await readFile(join(directory, 'out/tests.js'), 'utf8')}; globalThis.codecTests = codecTests;`,
    );
    const { count, failures } = (await page.evaluate('codecTests.run()')) as Outcome;
    expect(failures).toEqual([]);
    expect(count).toBeGreaterThan(50);
  });
});
