// Preloaded: in this process a second passes in fifty milliseconds. undici and Node's copy of it read the time from these.
const factor = 20;
const { setTimeout: set, setInterval: repeat } = globalThis;
globalThis.setTimeout = (callback, ms = 0, ...args) => set(callback, ms / factor, ...args);
globalThis.setInterval = (callback, ms = 0, ...args) => repeat(callback, ms / factor, ...args);
const now = performance.now.bind(performance);
performance.now = () => now() * factor;
