import type { Mutant } from './mutant.js';

const passing = ['gateway/passing.test.ts'];
const onTheCluster = ['gateway/on-the-cluster.test.ts'];

/** R30 and R31. */
export const gatewayMutants: readonly Mutant[] = [
  {
    rule: 'R30',
    breaks: 'a Connection header removes the headers that frame a message',
    file: 'gateway/proxy/raw-headers.ts',
    find: 'for (const name of kept) named.delete(name);',
    replace: '',
    tests: passing,
  },
  {
    rule: 'R30',
    breaks: 'a response that breaks off is completed',
    file: 'gateway/proxy/pass.ts',
    find: 'if (!incoming.complete) breakOff(response);',
    replace: 'if (!incoming.complete) response.end();',
    tests: passing,
  },
  {
    rule: 'R30',
    breaks: 'the server goes on with the request of a client that broke off',
    file: 'gateway/proxy/pass.ts',
    find: 'if (!response.writableFinished) outgoing.destroy();',
    replace: '',
    tests: passing,
  },
  {
    rule: 'R30',
    breaks: 'a transfer coding that is not decoded passes as decoded',
    file: 'gateway/proxy/request-framing.ts',
    find: "return isKnown && httpVersionMajor === 1 && httpVersionMinor === 1 ? 'chunked' : undefined;",
    replace: "return 'chunked';",
    tests: passing,
  },
  {
    rule: 'R31',
    breaks: 'success does not mean that the server has the change',
    file: 'gateway/statements/cluster-writer.ts',
    find: 'await mirror.carryOut(acceptedChange(statement, version, plain));',
    replace: 'undefined;',
    tests: onTheCluster,
  },
  {
    rule: 'R31',
    breaks: 'an unknown outcome is reported as a change that was not made',
    file: 'gateway/statements/cluster-writer.ts',
    find: "if (error.outcome === 'unknown' || error.code === 'UNKNOWN_OUTCOME') return unknown(error.message);",
    replace: '',
    tests: onTheCluster,
  },
  {
    rule: 'R31',
    breaks: 'an error of the gateway is replaced by `not executed`',
    file: 'gateway/statements/run-request.ts',
    find: 'if (this.#parts.isChunked || !isOwn) this.#skip(id, left);',
    replace: 'this.#skip(id, left);',
    tests: onTheCluster,
  },
  {
    rule: 'R31',
    breaks: 'what only this server has cannot be dropped',
    file: 'gateway/statements/cluster-writer.ts',
    find: 'if (await isAbsent(meta, statement)) return absent;',
    replace: '',
    tests: onTheCluster,
  },
];
