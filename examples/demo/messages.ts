import type { Commands } from './node.js';

/** Messages between the demo and its node processes. */
export interface Request {
  readonly id: number;
  readonly command: keyof Commands;
  readonly argument?: unknown;
}

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

export type Report =
  | { readonly event: 'conflict'; readonly version: number }
  | {
      readonly event: 'pushed';
      readonly version: number;
      readonly mutations: number;
      readonly rounds: number;
    }
  | { readonly event: 'registrationLost' };
