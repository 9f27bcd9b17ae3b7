import { runCflux } from '../../src/cli/cflux.js';
import { processTerminal } from '../../src/cli/terminal.js';

/** Runs `cflux` with the arguments of this process, and prints its greatest memory in KiB as the last line. */
process.exitCode = await runCflux(process.argv.slice(2), processTerminal);
console.log(process.resourceUsage().maxRSS);
