import { type Clock, systemClock } from '../../clock.js';
import { encodeMetadata } from '../../meta/codec/encode-metadata.js';
import type { MetaData } from '../../meta/records.js';
import { type MetaFile, readMetaFile, replaceMetaFile } from './meta-file.js';
import { type OfflineServerOptions, pathsOf, type ServerPaths } from './server-paths.js';
import { expectStopped, serverUse } from './server-use.js';

/** What became of the `meta.db` of a stopped server. */
export interface OfflineReport {
  /** Path of `meta.db`. */
  readonly path: string;
  /** Path of the file that was replaced; absent if there was none, and after a dry run. */
  readonly backup?: string;
  /** What shows that the server runs; only of a dry run, because otherwise it is an error. */
  readonly running: readonly string[];
  /** What could not be checked before the file was replaced. */
  readonly unchecked: readonly string[];
}

/** The `meta.db` of a server that must not run while it is replaced. */
export class StoppedServer {
  readonly paths: ServerPaths;
  readonly file: MetaFile;
  readonly #clock: Clock;

  private constructor(paths: ServerPaths, file: MetaFile, clock: Clock) {
    this.paths = paths;
    this.file = file;
    this.#clock = clock;
  }

  /**
   * Reads the file, unless something shows that the server runs; for a dry run in any case.
   *
   * @throws CfluxError `SERVER_RUNNING`, `INVALID_OPTION`, `STORAGE_FAILED`
   */
  static async open(options: OfflineServerOptions): Promise<StoppedServer> {
    const paths = pathsOf(options);
    if (!options.dryRun) await expectStopped(partsOf(paths));
    return new StoppedServer(paths, await readMetaFile(paths.meta), options.clock ?? systemClock);
  }

  /** Looks for the server, and changes nothing. */
  async look(): Promise<OfflineReport> {
    const { evidence, unchecked } = await serverUse(partsOf(this.paths));
    return { path: this.file.path, running: evidence, unchecked };
  }

  /** Replaces the file; rejects as `open`, and nothing is changed then. */
  async write(metadata: MetaData): Promise<OfflineReport> {
    let unchecked: readonly string[] = [];
    const backup = await replaceMetaFile(this.file, encodeMetadata(metadata), {
      check: async () => {
        unchecked = await expectStopped(partsOf(this.paths));
      },
      now: new Date(this.#clock.now()),
    });
    return { path: this.file.path, running: [], unchecked, ...(backup === undefined ? {} : { backup }) };
  }
}

const partsOf = ({ meta, data, wal, addresses }: ServerPaths) => ({
  directories: [meta, data, wal],
  addresses,
});
