/** What a delta may assume and ask for. */
export interface DeltaLimits {
  /** Bytes of the base. */
  readonly baseLength: number;
  /** Bytes that the target has at most. */
  readonly maxLength: number;
}
