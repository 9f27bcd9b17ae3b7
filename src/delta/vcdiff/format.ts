/** "VCD" with the highest bits set, and the version of RFC 3284. */
export const magic = [0xd6, 0xc3, 0xc4, 0x00] as const;

/** Indicators of a window: it copies only from itself, from the base, or from the target so far; and it has an xdelta checksum. */
export const fromNothing = 0x00;
export const fromSource = 0x01;
export const fromTarget = 0x02;
export const checksum = 0x04;
