export { printable, printableLines } from '../printable.js';
