import { cliMutants } from './cli-mutants.js';
import { clientMutants } from './client-mutants.js';
import { deltaMutants } from './delta-mutants.js';
import { gatewayMutants } from './gateway-mutants.js';
import { influxdbMutants } from './influxdb-mutants.js';
import { influxqlMutants } from './influxql-mutants.js';
import { managerMutants } from './manager-mutants.js';
import { type Mutant, namesOf } from './mutant.js';

/** Every mutant, by its name. */
export const allMutants: ReadonlyMap<string, Mutant> = new Map(
  namesOf([
    ...clientMutants,
    ...managerMutants,
    ...influxdbMutants,
    ...gatewayMutants,
    ...deltaMutants,
    ...influxqlMutants,
    ...cliMutants,
  ]),
);
