import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { flushFolder } from '../../durable-file.js';
import { privateFile, takeAccess } from '../../file-access.js';
import { isJsonObject } from '../../json-object.js';
import { isLedgerChange, type LedgerChange, withChange } from './ledger-changes.js';

/** Bytes of changes after which the whole ledger is written again. */
const maxBytes = 256 * 1024;

/**
 * The changes of a ledger since its file was written, appended to a file beside it: one flush of a line instead of a new file, and two
 * flushes, for every statement at a gateway.
 *
 * Every line names the content of the ledger's file that it continues, and begins with a digest: lines of an earlier content and a line
 * that a crash cut off have no effect. So the ledger's file and this one never need to change together.
 */
export class LedgerJournal {
  readonly #file: FileHandle;
  #base: string;
  #size = 0;

  private constructor(file: FileHandle, base: string) {
    this.#file = file;
    this.#base = base;
  }

  /**
   * Creates the journal at `path`, empty, for the ledger's file `ledger` with the content `base`. Its name is durable when it resolves.
   * Rejects with the operating system's error.
   */
  static async begin(path: string, ledger: string, base: string): Promise<LedgerJournal> {
    // At the end also after `continue` has emptied it.
    const file = await open(path, 'a', privateFile);
    try {
      await file.truncate();
      await takeAccess(file, ledger, privateFile);
      await flushFolder(dirname(path));
    } catch (error) {
      await file.close();
      throw error;
    }
    return new LedgerJournal(file, base);
  }

  /** Whether it has no line. */
  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Whether the whole ledger should be written again. */
  get isFull(): boolean {
    return this.#size >= maxBytes;
  }

  /** Appends a change; durable when it resolves. After a rejection, with the operating system's error, the journal must not be used. */
  async append(change: LedgerChange): Promise<void> {
    const text = JSON.stringify({ base: this.#base, ...change });
    const line = Buffer.from(`${digest(text)} ${text}\n`);
    await this.#file.appendFile(line);
    await this.#file.datasync();
    this.#size += line.length;
  }

  /** Empties it, to continue the content `base` from now on. Rejects with the operating system's error. */
  async continue(base: string): Promise<void> {
    this.#base = base;
    this.#size = 0;
    await this.#file.truncate();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Returns the text of a ledger's file after the changes of `journal` that continue it. */
export function withChanges(file: string, journal: string): string {
  let ledger = fieldsOf(file);
  const base = ledger?.['id'];
  if (ledger === undefined || typeof base !== 'string') return file;
  let isChanged = false;
  for (const line of journal.split('\n')) {
    const text = line.slice(digestLength + 1);
    if (digest(text) !== line.slice(0, digestLength)) break;
    const change = fieldsOf(text);
    if (change?.['base'] !== base || !isLedgerChange(change)) continue;
    ledger = withChange(ledger, change);
    isChanged = true;
  }
  return isChanged ? JSON.stringify(ledger) : file;
}

/** A text that is not a JSON object has no fields; the caller reports it. */
function fieldsOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const digestLength = 22;

const digest = (text: string) => createHash('sha256').update(text).digest('base64url').slice(0, digestLength);
