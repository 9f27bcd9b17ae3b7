import type { Clock } from '../../clock.js';

/** A login whose password must be checked. */
export interface QueuedLogin {
  readonly name: string;
  readonly address: string;
}

export interface CheckQueueParts<Result> {
  readonly clock: Clock;
  /** Checks at once of logins without suspicion. */
  readonly atOnce: number;
  /** Returns how likely the password is to be wrong; above 0 for a suspect. */
  readonly suspicion: (login: QueuedLogin) => number;
  /** Returns whether the password was wrong. */
  readonly isWrong: (result: Result) => boolean;
}

interface Waiting extends QueuedLogin {
  /** Resolves with whether the password was wrong. */
  readonly start: (isSuspect: boolean) => Promise<boolean>;
  readonly refuse: () => void;
}

/** Waiting suspects; a check takes 65 ms, and clients wait for about 5 seconds. */
const maxSuspects = 64;

/**
 * The order of password checks, which take 65 ms of a processor each. Logins without suspicion never wait for suspects, of which one at
 * a time is checked beside them: the least suspicious first, of equal ones the newest, because a backlog is an attack's. Suspicion is
 * determined at each turn, so that one wrong password makes suspects of all that wait from its address or for its user.
 *
 * After a wrong password no suspect is checked for as long as its check took, unless one is less suspicious: guesses use half of a
 * processor at most, and good logins, the server and everything else on the machine have the rest.
 */
export class CheckQueue<Result> {
  readonly #parts: CheckQueueParts<Result>;
  readonly #waiting = new Set<Waiting>();
  #ordinary = 0;
  #isSuspectRunning = false;
  /** The pause after a wrong password: only less suspicious logins are checked in it. */
  #pause: { readonly below: number } | undefined;

  constructor(parts: CheckQueueParts<Result>) {
    this.#parts = parts;
  }

  /** Resolves with the result of `check`, or with `undefined` if too many suspects wait that are less suspicious. */
  run(login: QueuedLogin, check: (isSuspect: boolean) => Promise<Result>): Promise<Result | undefined> {
    return new Promise((resolve, reject) => {
      const start = async (isSuspect: boolean): Promise<boolean> => {
        try {
          const result = await check(isSuspect);
          resolve(result);
          return this.#parts.isWrong(result);
        } catch (error) {
          reject(error);
          return false;
        }
      };
      this.#waiting.add({ ...login, start, refuse: () => resolve(undefined) });
      this.#startNext();
    });
  }

  #startNext(): void {
    const { atOnce, suspicion } = this.#parts;
    const ranked = [...this.#waiting].map((entry) => ({ entry, rank: suspicion(entry) }));
    const ordinary = ranked.filter(({ rank }) => rank <= 0);
    const crowd = crowdOf(ordinary.map(({ entry }) => entry));
    ordinary.sort((one, other) => one.rank - other.rank || crowd(one.entry) - crowd(other.entry));
    for (const { entry } of ordinary.slice(0, atOnce - this.#ordinary)) this.#startOrdinary(entry);
    const suspects = ranked.filter(({ rank }) => rank > 0).reverse();
    suspects.sort((one, other) => one.rank - other.rank);
    const [least] = suspects;
    if (least !== undefined && !this.#isSuspectRunning && least.rank < (this.#pause?.below ?? Infinity)) {
      suspects.shift();
      this.#startSuspect(least.entry, least.rank);
    }
    for (const { entry } of suspects.slice(maxSuspects)) {
      this.#waiting.delete(entry);
      entry.refuse();
    }
  }

  #startOrdinary(entry: Waiting): void {
    this.#waiting.delete(entry);
    this.#ordinary += 1;
    void entry.start(false).then(() => {
      this.#ordinary -= 1;
      this.#startNext();
    });
  }

  #startSuspect(entry: Waiting, rank: number): void {
    const { clock } = this.#parts;
    this.#waiting.delete(entry);
    this.#isSuspectRunning = true;
    const begin = clock.monotonic();
    void entry.start(true).then((isWrong) => {
      this.#isSuspectRunning = false;
      if (isWrong) this.#pauseSuspects(clock.monotonic() - begin, rank);
      this.#startNext();
    });
  }

  #pauseSuspects(time: number, below: number): void {
    if (time <= 0) return;
    const pause = { below };
    this.#pause = pause;
    this.#parts.clock.after(time, () => {
      if (this.#pause !== pause) return;
      this.#pause = undefined;
      this.#startNext();
    });
  }
}

/** Returns how many of `entries` are of the same user or address as one of them: a client that sends many waits for one that sends few. */
function crowdOf(entries: readonly QueuedLogin[]): (entry: QueuedLogin) => number {
  const users = countsOf(entries.map(({ name }) => name));
  const addresses = countsOf(entries.map(({ address }) => address));
  return ({ name, address }) => (users.get(name) ?? 0) + (addresses.get(address) ?? 0);
}

function countsOf(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
