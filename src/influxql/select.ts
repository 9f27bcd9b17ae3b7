/** A part of an expression that has no operator outside parentheses. */
export type Operand =
  | { readonly kind: 'reference'; readonly name: string; readonly type: string }
  | { readonly kind: 'wildcard'; readonly type: string }
  | { readonly kind: 'distinct'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'parenthesis'; readonly inner: Expression }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'regex'; readonly pattern: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'number'; readonly value: number }
  /** Nanoseconds. */
  | { readonly kind: 'duration'; readonly value: bigint };

/**
 * Operands with an operator between each two, as written. InfluxQL prints no parentheses of its own, so precedence plays no part in what
 * is printed, and nothing here evaluates an expression.
 */
export interface Expression {
  readonly operands: readonly Operand[];
  readonly operators: readonly string[];
}

/** A measurement, by name or regular expression; empty names are those that were not written. */
export interface Measurement {
  readonly kind: 'measurement';
  readonly database: string;
  readonly policy: string;
  /** Empty in a target: `:MEASUREMENT`. */
  readonly name: string;
  readonly regex?: string;
}

/** What a query reads: a measurement or another query. */
export type Source = Measurement | { readonly kind: 'subquery'; readonly select: SelectStatement };

/** `null` is the default and is not printed. */
export type Fill = 'null' | 'none' | 'previous' | 'linear' | Operand;

/** A SELECT statement; limits and offsets are 0 where they are not given. */
export interface SelectStatement {
  readonly fields: readonly { readonly expression: Expression; readonly alias: string }[];
  readonly target?: Measurement;
  readonly sources: readonly Source[];
  readonly condition?: Expression;
  readonly dimensions: readonly Expression[];
  readonly fill: Fill;
  /** Of `ORDER BY`: with or without `time`. */
  readonly order?: { readonly named: boolean; readonly ascending: boolean };
  readonly limit: bigint;
  readonly offset: bigint;
  readonly seriesLimit: bigint;
  readonly seriesOffset: bigint;
  readonly zone?: string;
}
