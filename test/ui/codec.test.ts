import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { encodeMetadata } from 'clusterflux';
import fc from 'fast-check';
import { build } from 'vite';
import { expect, it, onTestFinished } from 'vitest';
import { arbitraryMetadata } from '../meta/support/arbitrary-metadata.js';
import { describeWithServer } from '../support/servers.js';
import { openPage, serveUi } from './support/dashboard.js';

describeWithServer('chromium', 'the codec in Chromium', () => {
  it('the codec decodes and encodes in the browser what it does in Node', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cflux-codec-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const entry = join(directory, 'entry.ts');
    const meta = new URL('../../src/meta', import.meta.url).pathname;
    await writeFile(
      entry,
      `export { decodeMetadata } from '${meta}/codec/decode-metadata.js'; export { encodeMetadata } from '${meta}/codec/encode-metadata.js';`,
    );
    await build({
      configFile: new URL('../../src/ui/vite.config.ts', import.meta.url).pathname,
      plugins: [],
      logLevel: 'error',
      build: {
        write: true,
        outDir: join(directory, 'out'),
        lib: { entry, formats: ['iife'], name: 'codec', fileName: () => 'codec.js' },
        rollupOptions: {},
      },
    });
    const code = gunzipSync(await readFile(join(directory, 'out', 'codec.js.gz'))).toString();
    const { page } = await openPage((await serveUi()).url);
    await page.goto('about:blank');
    await page.evaluate(code);
    const samples = fc
      .sample(arbitraryMetadata, { numRuns: 300, seed: 11 })
      .map((data) => Buffer.from(encodeMetadata(data)).toString('base64'));
    const encoded = await page.evaluate((texts) => {
      const { codec } = globalThis as unknown as {
        codec: { decodeMetadata(bytes: Uint8Array): object; encodeMetadata(data: object): Uint8Array };
      };
      return texts.map((text) => {
        const data = codec.decodeMetadata(
          Uint8Array.from(atob(text), (character) => character.charCodeAt(0)),
        );
        // A copy shares nothing with what was decoded: everything is encoded again.
        return btoa(String.fromCharCode(...codec.encodeMetadata(structuredClone(data))));
      });
    }, samples);
    expect(encoded).toEqual(samples);
  });
});
