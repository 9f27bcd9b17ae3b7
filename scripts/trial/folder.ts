import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const programs = fileURLToPath(new URL('./programs', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

/** A folder of a user's, empty but for a package.json and the trial's programs. */
export class Folder {
  readonly dir = mkdtempSync(join(tmpdir(), 'clusterflux-trial-'));

  constructor() {
    writeFileSync(join(this.dir, 'package.json'), '{ "private": true }\n');
    cpSync(programs, this.dir, { recursive: true });
    copyFileSync(join(programs, 'consumer.ts'), join(this.dir, 'consumer.mts'));
    copyFileSync(join(programs, 'consumer.ts'), join(this.dir, 'consumer.cts'));
  }

  /** Runs a command to its end; returns its output, and throws with it if the command fails. */
  run(command: string, ...args: readonly string[]): string {
    try {
      return execFileSync(command, args, {
        cwd: this.dir,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error });
    }
  }

  /** The type checker of this project on one of the consumers, with the library's own declarations checked too. */
  compile(file: string, module: string, moduleResolution: string): void {
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const checks = [
      '--strict',
      '--exactOptionalPropertyTypes',
      '--noUncheckedIndexedAccess',
      '--skipLibCheck',
      'false',
    ];
    const target = ['--target', 'es2023', '--lib', 'es2023,esnext.disposable', '--types', 'node', '--noEmit'];
    this.run(
      'node',
      compiler,
      ...checks,
      ...target,
      '--module',
      module,
      '--moduleResolution',
      moduleResolution,
      file,
    );
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
