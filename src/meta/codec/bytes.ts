/** The bytes that the codec reads and writes: Node's own. The build for browsers puts `bytes-browser.ts` in its place. */
export { Buffer } from 'node:buffer';
