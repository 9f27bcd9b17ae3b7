import type { Commands } from './node.js';

/** Messages between the demo and its node processes. */
export interface Request {
  readonly id: number;
  readonly command: keyof Commands;
  readonly argument?: unknown;
}

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string; readonly code: string | undefined };

/** What a node reports by itself: another node was first, or its change has become a version of the cluster. */
export interface Report {
  readonly event: 'conflict' | 'pushed';
}
