/** Digits of seven bits, the highest first, as RFC 3284 has them. */
export function integer(value: number): number[] {
  const digits = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128))
    digits.unshift((rest % 128) + 128);
  return digits;
}

export interface Window {
  readonly indicator?: number;
  /** Length and position. */
  readonly segment?: readonly [number, number];
  readonly target: number;
  readonly deltaIndicator?: number;
  readonly data?: readonly number[];
  readonly instructions?: readonly number[];
  readonly addresses?: readonly number[];
  /** What the window declares instead of its true lengths. */
  readonly lies?: { readonly delta?: number; readonly sections?: readonly [number, number, number] };
}

export function window({ segment, target, data = [], instructions = [], addresses = [], ...rest }: Window) {
  const sections = rest.lies?.sections ?? [data.length, instructions.length, addresses.length];
  const body = [
    ...integer(target),
    rest.deltaIndicator ?? 0,
    ...sections.flatMap(integer),
    ...data,
    ...instructions,
    ...addresses,
  ];
  const indicator = rest.indicator ?? (segment === undefined ? 0 : 1);
  return [
    indicator,
    ...(segment ?? []).flatMap(integer),
    ...integer(rest.lies?.delta ?? body.length),
    ...body,
  ];
}

export const header = [0xd6, 0xc3, 0xc4, 0x00, 0x00];

export function vcdiff(...windows: readonly Window[]): Buffer {
  return Buffer.from([...header, ...windows.flatMap(window)]);
}

export const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')];
