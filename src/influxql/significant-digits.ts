/** Decimal digits without the zeros in front of them; the last digit stays. */
export function significantDigits(digits: string): string {
  let start = 0;
  while (start < digits.length - 1 && digits[start] === '0') start++;
  return digits.slice(start);
}
