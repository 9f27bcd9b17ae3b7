import { useSignal } from '@preact/signals';
import { Name } from '../parts/name.js';
import { identify } from '../state/connection.js';
import { hasToken, signIn, signOut, wanted } from '../state/session.js';

/** One field, and why. */
export function SignIn() {
  const token = useSignal('');
  const submit = async (event: Event) => {
    event.preventDefault();
    if (token.value.trim() === '') return;
    signIn(token.value.trim());
    await identify().catch(() => {});
  };
  return (
    <main class="sign-in" id="main">
      <h1>cflux</h1>
      <form onSubmit={submit}>
        <p role="status">
          This manager requires a token: <Name text={wanted.value ?? ''} />
        </p>
        <label>
          Token
          <input
            type="password"
            autocomplete="off"
            autofocus
            value={token.value}
            onInput={({ currentTarget }) => {
              token.value = currentTarget.value;
            }}
          />
        </label>
        <button type="submit" class="primary">
          Sign in
        </button>
        {hasToken.value && (
          <button type="button" onClick={() => signOut('the token was forgotten')}>
            Forget the token
          </button>
        )}
        <p class="fine">
          It stays in this tab and the others that you open, until the last one is closed. Scope{' '}
          <code>read</code> shows nodes and versions, <code>metadata</code> their contents; <code>write</code>{' '}
          permits a rollback, <code>admin</code> the removal of nodes.
        </p>
      </form>
    </main>
  );
}
