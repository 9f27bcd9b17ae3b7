/** A sequential object: what each call does to its state. `never`, as a result, is one that the object can not give. */
export interface Model<Call, Result> {
  readonly initial: string;
  /** Whether it leaves any state as it was. */
  isRead(call: Call): boolean;
  /**
   * The state after `call`, or undefined where it can not have had `result` in `state`. An undefined `result` is unknown:
   * any will do.
   */
  step(state: string, call: Call, result: Result | undefined): string | undefined;
}

/** An operation as the checker of one object sees it. */
export interface ObjectOperation<Call, Result> {
  readonly call: Call;
  readonly result: Result | undefined;
  readonly begin: number;
  readonly end: number;
  /** It has happened. Otherwise it may have, at any time after its begin, or not. */
  readonly isCertain: boolean;
}

/** `undecided`: the search was given up for its size; nothing is known. */
export type Judgement = 'linearizable' | 'violated' | 'undecided';
