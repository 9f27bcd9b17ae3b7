/** What shows that a server runs, and what could not be checked. */
export interface ServerUse {
  /** Each a sentence's beginning, such as `127.0.0.1:8086 accepts connections`. */
  readonly evidence: readonly string[];
  readonly unchecked: readonly string[];
}

/** A directory by its path without links, and by its number, which is the same in every container. */
export interface Directory {
  readonly path: string;
  readonly device: number;
  readonly inode: number;
}
