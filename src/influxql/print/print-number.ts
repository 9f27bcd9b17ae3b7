/**
 * How numbers with a point are printed: `full` keeps every digit, as InfluxDB since 1.12; `threeDecimals` rounds them, as the servers
 * before.
 */
export type NumberForm = 'full' | 'threeDecimals';

export function printNumber(value: number, form: NumberForm): string {
  if (form === 'threeDecimals') return threeDecimals(value);
  const text = decimal(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** As few digits as identify the number, without an exponent. */
export function decimal(value: number): string {
  const [mantissa = '', exponent] = String(Math.abs(value)).split('e');
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (exponent === undefined) return sign + mantissa;
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, '0');
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Rounded to three decimals as Go does it: exactly, and a tie to the even digit. */
function threeDecimals(value: number): string {
  const size = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (size >= 1e21) return `${sign}${BigInt(size)}.000`;
  // A tie is a multiple of 1/2000 that a binary number can be, so an odd multiple of 1/16; JavaScript rounds it up.
  const isTie = size < 2 ** 48 && (size * 16) % 2 === 1;
  const below = Math.floor(size * 1000);
  return sign + (isTie && below % 2 === 0 ? (below / 1000).toFixed(3) : size.toFixed(3));
}

/** As the servers print the number of `fill`: with an exponent from a million on (`1e+06`) and below 0.0001. */
export function goShortest(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponentText = '0'] = Math.abs(value).toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return decimal(value);
  const digits = String(Math.abs(exponent)).padStart(2, '0');
  return `${value < 0 ? '-' : ''}${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
}
