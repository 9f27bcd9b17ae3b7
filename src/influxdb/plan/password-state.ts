/**
 * How a user's password on the server relates to the cluster's:
 * - `same`: they are equal;
 * - `settable`: the user is missing or has another password, and the mirror knows the cluster's;
 * - `unverified`: no difference is known, and the server's hash cannot be read;
 * - anything else: the reason why it cannot be synchronized.
 */
export type PasswordState =
  | { readonly kind: 'same' | 'settable' | 'unverified' }
  | { readonly kind: 'unavailable'; readonly reason: string };
