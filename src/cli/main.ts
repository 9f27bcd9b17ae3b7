#!/usr/bin/env node
import { runCflux } from './cflux.js';
import { processTerminal } from './terminal.js';

process.exitCode = await runCflux(process.argv.slice(2), processTerminal);
