import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DirectoryLock } from '../../directory-lock.js';
import { removeLeftovers, writeDurably } from '../../durable-file.js';
import { CfluxError } from '../../errors.js';
import { accessAdvice, systemCode } from '../../file-access.js';
import type { Ledger } from './ledger.js';
import { changeOf } from './ledger-changes.js';
import { formatLedger, parseLedger } from './ledger-form.js';
import { LedgerJournal, withChanges } from './ledger-journal.js';

/** The file of a ledger. */
export const ledgerFile = 'influxdb-ledger.json';
const confirmationFile = 'influxdb-confirmed-drops';
const journalFile = 'influxdb-ledger.journal';
/** Permissions of the confirmation, which is not secret: the agent may run as another user. */
const readable = 0o644;

/** Stores a {@link Ledger} in a directory, as a file and the journal of its latest changes, or in memory. */
export class LedgerStore {
  readonly #dir: string | undefined;
  readonly #isLocked: boolean;
  #lock: DirectoryLock | undefined;
  #ledger: Ledger | undefined;
  /** Continues the ledger's file; `undefined` until it is needed. */
  #journal: LedgerJournal | undefined;
  /** Identifies the content of the ledger's file; `undefined` if this store did not write it. */
  #id: string | undefined;
  #confirmation: string | undefined;

  /** @param options.lock Whether {@link own} locks the directory. */
  constructor(dir: string | undefined, { lock = true }: { readonly lock?: boolean } = {}) {
    this.#dir = dir;
    this.#isLocked = lock;
  }

  /**
   * Locks out other writers until {@link close}. Not needed to read or to confirm.
   *
   * @throws CfluxError `DIRECTORY_LOCKED`, `STORAGE_FAILED`
   */
  async own(): Promise<void> {
    if (this.#dir === undefined || !this.#isLocked || this.#lock !== undefined) return;
    this.#lock = await DirectoryLock.acquire(this.#dir, 'influxdb-ledger', { create: true });
    // The previous owner may have saved after it was loaded here.
    this.#ledger = undefined;
    await removeLeftovers(this.#dir, (name) => name === ledgerFile || name === confirmationFile);
  }

  /** Writes the changes of the journal into the ledger's file, and lets other writers in. */
  async close(): Promise<void> {
    const ledger = this.#ledger;
    // If it cannot be written, the journal continues the file.
    if (this.#journal?.isEmpty === false && ledger !== undefined) await this.#write(ledger).catch(() => {});
    await this.#endJournal();
    const lock = this.#lock;
    this.#lock = undefined;
    await lock?.release();
  }

  /** Loads the last saved ledger; `undefined` if none was saved. */
  async load(): Promise<Ledger | undefined> {
    if (this.#ledger !== undefined || this.#dir === undefined) return this.#ledger;
    const path = join(this.#dir, ledgerFile);
    const text = await readIfThere(path);
    if (text === undefined) return undefined;
    const journal = await readIfThere(join(this.#dir, journalFile));
    this.#ledger = parseLedger(journal === undefined ? text : withChanges(text, journal), path);
    return this.#ledger;
  }

  /** Saves the whole ledger; durable when it resolves. */
  async save(ledger: Ledger): Promise<void> {
    if (ledger === this.#ledger) return;
    await this.#write(ledger);
    this.#ledger = ledger;
  }

  /** Saves what changed in the ledger, which takes a fraction of the time; durable when it resolves. */
  async append(ledger: Ledger): Promise<void> {
    const before = this.#ledger;
    if (ledger === before) return;
    const journal = this.#journal;
    if (journal === undefined || journal.isFull || before === undefined) {
      await this.save(ledger);
      await this.#beginJournal();
      return;
    }
    try {
      await journal.append(changeOf(before, ledger));
      this.#ledger = ledger;
    } catch {
      await this.#endJournal();
      // Its error says what to do if this fails, too.
      await this.save(ledger);
    }
  }

  /** Resolves with the operator's unused confirmation, which another process may have written. */
  async confirmation(): Promise<string | undefined> {
    if (this.#dir === undefined) return this.#confirmation;
    return (await readIfThere(join(this.#dir, confirmationFile)))?.trim();
  }

  async confirm(confirmation: string): Promise<void> {
    this.#confirmation = confirmation;
    if (this.#dir !== undefined)
      await write(join(this.#dir, confirmationFile), `${confirmation}\n`, readable);
  }

  /** Deletes the confirmation, which is valid once, because the same items may be created and dropped again later. */
  async useConfirmation(): Promise<void> {
    this.#confirmation = undefined;
    if (this.#dir !== undefined) await rm(join(this.#dir, confirmationFile), { force: true });
  }

  async #write(ledger: Ledger): Promise<void> {
    if (this.#dir === undefined) return;
    const id = randomBytes(8).toString('hex');
    this.#id = undefined;
    await write(join(this.#dir, ledgerFile), formatLedger(ledger, id)).catch(async (error: unknown) => {
      // It is not known which content the file has.
      await this.#endJournal();
      throw error;
    });
    this.#id = id;
    await this.#journal?.continue(id).catch(() => this.#endJournal());
  }

  /** Without a journal, the whole ledger is saved each time. */
  async #beginJournal(): Promise<void> {
    if (this.#dir === undefined || this.#id === undefined || this.#journal !== undefined) return;
    const begun = LedgerJournal.begin(join(this.#dir, journalFile), join(this.#dir, ledgerFile), this.#id);
    this.#journal = await begun.catch(() => undefined);
  }

  async #endJournal(): Promise<void> {
    const journal = this.#journal;
    this.#journal = undefined;
    await journal?.close().catch(() => {});
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new CfluxError(
      'STORAGE_FAILED',
      `cannot read ${path}: ${CfluxError.from(cause).message}${accessAdvice(cause)}`,
      {
        cause,
      },
    );
  }
}

async function write(path: string, content: string, mode?: number): Promise<void> {
  try {
    await writeDurably(path, content, mode);
  } catch (cause) {
    throw new CfluxError(
      'STORAGE_FAILED',
      `cannot write ${path}: ${CfluxError.from(cause).message}${accessAdvice(cause)}`,
      {
        cause,
      },
    );
  }
}
