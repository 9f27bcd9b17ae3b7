import { access, readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { CfluxError } from '../../errors.js';
import { takesGzip } from './request-headers.js';

interface UiFile {
  readonly type: string;
  readonly gzipped: Buffer;
  readonly bytes: Buffer;
  /** The name contains a hash of the content. */
  readonly isImmutable: boolean;
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

const page = 'index.html';

/** The files of the dashboard, which the build compressed; they are read once. */
export class UiFiles {
  readonly #files: ReadonlyMap<string, UiFile>;

  private constructor(files: ReadonlyMap<string, UiFile>) {
    this.#files = files;
  }

  /** @throws `INVALID_OPTION`: the directory has no build of the dashboard */
  static async read(directory: string): Promise<UiFiles> {
    const files = new Map<string, UiFile>();
    try {
      for (const name of await readdir(directory)) {
        const [, file, extension = ''] = /^(.*\.(\w+))\.gz$/.exec(name) ?? [];
        const type = types[extension];
        if (file === undefined || type === undefined) continue;
        const gzipped = await readFile(join(directory, name));
        files.set(file, { type, gzipped, bytes: gunzipSync(gzipped), isImmutable: file !== page });
      }
    } catch (cause) {
      throw noBuild(directory, cause);
    }
    if (!files.has(page)) throw noBuild(directory);
    return new UiFiles(files);
  }

  /** @param file empty for the page; undefined for `/ui`, whose relative links would lead elsewhere */
  send(request: IncomingMessage, response: ServerResponse, file: string | undefined): void {
    if (file === undefined) {
      // Relative, because a proxy may have removed a prefix.
      response.writeHead(308, { Location: 'ui/', 'Content-Length': 0 });
      response.end();
      return;
    }
    const found = this.#files.get(file === '' ? page : file);
    if (found === undefined) throw noSuchFile(file);
    const isZipped = takesGzip(request);
    const body = isZipped ? found.gzipped : found.bytes;
    response.writeHead(200, {
      'Content-Type': found.type,
      'Content-Length': body.byteLength,
      'Cache-Control': found.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      Vary: 'Accept-Encoding',
      ...(isZipped ? { 'Content-Encoding': 'gzip' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }
}

/** Returns the directory of the dashboard in this package, built or not. */
export async function builtUi(): Promise<string> {
  // The depth of this file differs between the sources and the build.
  for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
    const isPackage = await access(join(at, 'package.json')).then(
      () => true,
      () => false,
    );
    if (isPackage || at === dirname(at)) return join(at, 'dist', 'ui');
  }
}

/** Resolves with whether {@link builtUi} has been built. */
export async function hasBuiltUi(): Promise<boolean> {
  return access(join(await builtUi(), `${page}.gz`)).then(
    () => true,
    () => false,
  );
}

const noBuild = (directory: string, cause?: unknown) =>
  new CfluxError('INVALID_OPTION', `no dashboard in ${directory}: run npm run build, or omit the option ui`, {
    cause,
  });

export const noSuchFile = (file: string) =>
  new CfluxError('NO_SUCH_ROUTE', `the dashboard has no file ${JSON.stringify(file.slice(0, 200))}`, {
    outcome: 'notApplied',
  });
