import { computed, signal } from '@preact/signals';
import type { Whoami } from '../../protocol/manager-status.js';
import type { Access } from '../api/send.js';

/** The token of this page, and what it may do. It is kept for the tab, and given to new tabs by the open ones. */
const key = 'cflux.token';
const channel = new BroadcastChannel('cflux.session');

type Message =
  | { readonly type: 'wanted' }
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'forget' };

const stored = () => sessionStorage.getItem(key) ?? undefined;
const token = signal<string | undefined>(stored());

/** Undefined until the manager responded. */
export const whoami = signal<Whoami | undefined>(undefined);
/** Why the page asks for a token; undefined while it does not. */
export const wanted = signal<string | undefined>(undefined);

/** Where requests go. The page is served below the API, under any prefix. */
export const access = computed<Access>(() => ({
  base: new URL('..', document.baseURI).href,
  token: token.value,
}));

export const hasToken = computed(() => token.value !== undefined);

export function signIn(given: string): void {
  sessionStorage.setItem(key, given);
  token.value = given;
  wanted.value = undefined;
  post({ type: 'token', token: given });
}

/** Forgets the token in every tab. */
export function signOut(reason = 'signed out'): void {
  forget(reason);
  post({ type: 'forget' });
}

/** The manager refused the token, or wants one. */
export function refused(reason: string): void {
  whoami.value = undefined;
  wanted.value = reason;
}

/** Whether the token permits what the given scope is for. */
export function may(scope: 'read' | 'metadata' | 'write' | 'admin'): boolean {
  const scopes = whoami.value?.scopes ?? [];
  const including = {
    read: ['read', 'metadata', 'write'],
    metadata: ['metadata', 'write'],
    write: ['write'],
    admin: [],
  }[scope];
  return scopes.includes('admin') || including.some((each) => scopes.includes(each));
}

function forget(reason: string): void {
  sessionStorage.removeItem(key);
  token.value = undefined;
  refused(reason);
}

const post = (message: Message) => channel.postMessage(message);

channel.onmessage = ({ data }: MessageEvent<Message>) => {
  if (data.type === 'wanted' && token.value !== undefined) post({ type: 'token', token: token.value });
  if (data.type === 'forget' && token.value !== undefined) forget('signed out in another tab');
  if (data.type !== 'token' || (token.value !== undefined && wanted.value === undefined)) return;
  sessionStorage.setItem(key, data.token);
  token.value = data.token;
  wanted.value = undefined;
};

/** Asks the open tabs for their token; what they send signs this one in. */
export function askOtherTabs(): void {
  if (token.value === undefined) post({ type: 'wanted' });
}
