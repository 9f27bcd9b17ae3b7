/** Copies bytes of the base. */
export interface Copy {
  /** Offset in the base. */
  readonly from: number;
  readonly length: number;
  readonly bytes?: undefined;
}

/** Inserts bytes that the delta contains. */
export interface Insert {
  readonly bytes: Uint8Array;
  /** Of `bytes`. */
  readonly length: number;
  readonly from?: undefined;
}

export type Instruction = Copy | Insert;

/**
 * Describes how a target is made from its base: the concatenated results of the instructions. Immutable; inserted bytes may be views of
 * the input, which then must not be changed.
 */
export interface Delta {
  /** Bytes of the target: the sum of the instructions' lengths. */
  readonly length: number;
  readonly instructions: readonly Instruction[];
}
