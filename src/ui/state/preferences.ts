import { effect, type Signal, signal } from '@preact/signals';

/** A choice of the reader that outlives the page. */
function remembered<T extends string>(name: string, choices: readonly [T, ...T[]]): Signal<T> {
  const key = `cflux.${name}`;
  const stored = read(key);
  const choice = signal<T>(choices.find((each) => each === stored) ?? choices[0]);
  effect(() => write(key, choice.value));
  return choice;
}

// A browser that stores nothing throws.
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // The choice lasts as long as the page.
  }
}

export const zone = remembered('zone', ['local', 'utc']);
export const theme = remembered('theme', ['system', 'light', 'dark']);
export const shortcuts = remembered('shortcuts', ['on', 'off']);

effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
});
