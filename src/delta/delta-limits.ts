/** Limits for reading a delta. */
export interface DeltaLimits {
  /** Length of the base in bytes. */
  readonly baseLength: number;
  /** Largest permitted length of the target in bytes. */
  readonly maxLength: number;
}
