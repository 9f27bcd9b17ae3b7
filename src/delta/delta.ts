/** Copies bytes of the base. */
export interface Copy {
  /** Where they begin in the base. */
  readonly from: number;
  readonly length: number;
  readonly bytes?: undefined;
}

/** Inserts bytes that the delta carries. */
export interface Insert {
  readonly bytes: Uint8Array;
  /** Of `bytes`. */
  readonly length: number;
  readonly from?: undefined;
}

export type Instruction = Copy | Insert;

/**
 * How a target is made from its base: what the instructions produce, one after the other. Immutable; inserted bytes may be views of the
 * memory that they came from, which then must not be changed.
 */
export interface Delta {
  /** Bytes of the target: the sum of the instructions' lengths. */
  readonly length: number;
  readonly instructions: readonly Instruction[];
}
