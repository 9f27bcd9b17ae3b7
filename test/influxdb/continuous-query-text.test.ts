import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkContinuousQuery } from '../../src/influxdb/plan/continuous-query-text.js';
import { describeWithServer } from '../support/servers.js';
import { names, server } from './support/lab.js';

const accepts = (text: string, name = 'c', database = 'd') =>
  'statement' in checkContinuousQuery(database, name, text);

const select = 'BEGIN SELECT mean(v) INTO m FROM x GROUP BY time(1m) END';

describe('the check of a continuous query’s text', () => {
  it('takes the statement that makes this query, however it is written', () => {
    expect(accepts(`CREATE CONTINUOUS QUERY c ON d ${select}`)).toBe(true);
    expect(accepts(`\n create  continuous\tquery "c" on "d"\n${select} `)).toBe(true);
    expect(checkContinuousQuery('d', 'c', `CREATE CONTINUOUS QUERY c ON d ${select} ; \n`)).toEqual({
      statement: `CREATE CONTINUOUS QUERY c ON d ${select}`,
    });
    expect(accepts(`CREATE CONTINUOUS QUERY "a\\"b\\nc\\\\" ON "; x" ${select}`, 'a"b\nc\\', '; x')).toBe(
      true,
    );
  });

  it('refuses a statement of another kind, name or database', () => {
    expect(accepts('DROP DATABASE d')).toBe(false);
    expect(accepts('')).toBe(false);
    expect(accepts(`CREATE CONTINUOUS QUERY other ON d ${select}`)).toBe(false);
    expect(accepts(`CREATE CONTINUOUS QUERY c ON other ${select}`)).toBe(false);
    expect(accepts(`CREATE CONTINUOUS QUERY C ON d ${select}`)).toBe(false);
    expect(accepts(`CREATE CONTINUOUS QUERY c ON d ${select}\0`)).toBe(false);
  });

  it('takes semicolons that end no statement', () => {
    for (const where of [
      'h =~ /x;y/',
      "h = 'a;b'",
      '"a;b" = 1',
      'v / 2 > 1 /* ; */',
      "h !~ /it's;/ AND h = 'x'",
    ]) {
      expect(
        accepts(
          `CREATE CONTINUOUS QUERY c ON d BEGIN SELECT mean(v) INTO m FROM /a;b/ WHERE ${where} GROUP BY time(1m) END`,
        ),
        where,
      ).toBe(true);
    }
  });

  it('refuses a second statement', () => {
    const head = 'CREATE CONTINUOUS QUERY c ON d BEGIN SELECT v INTO m FROM x';
    expect(accepts(`${head} END; DROP DATABASE d`)).toBe(false);
    expect(accepts(`${head} WHERE h =~ /it's/ END; DROP DATABASE d --'`)).toBe(false);
    expect(accepts(`${head} WHERE h =~ /\\\\/ END; DROP DATABASE d --/`)).toBe(false);
    expect(accepts(`${head} WHERE v / 2 > 1 END; DROP DATABASE d --/`)).toBe(false);
    expect(accepts(`${head} /*/ ' */ END; DROP DATABASE d --'`)).toBe(false);
    expect(accepts(`${head} -- '\n END; DROP DATABASE d --'`)).toBe(false);
    expect(accepts(`${head} WHERE h = 'x\\\\' END; DROP DATABASE d --'`)).toBe(false);
  });
});

/** Conditions that InfluxDB takes, each complete in itself, with everything that could be mistaken for something else. */
const condition = fc.constantFrom(
  "h = 'a;b'",
  "h = 'it\\'s; \\\\'",
  'h =~ /x;y/',
  "h =~ /it's/",
  'h !~ /"/',
  'h =~ /a\\/;b/',
  'h =~ /--/',
  'h =~ /\\/\\*/',
  'v / 2 > 1',
  'v / 2 / 3 > 1',
  '"a;b" = 1',
  '"x\\"; y" = 1',
  "\"it's\" = 'x'",
  '(v + 1) / 2 > 0',
  "h = '-- /* no comment'",
  "v > 0 /* it's a comment; */",
  'v > 0 -- it"s a comment;\n',
);

describeWithServer('influxd', 'the check of a continuous query’s text', () => {
  it('lets nothing through of which the server makes two statements', async () => {
    const influxd = await server();
    await influxd.query('CREATE DATABASE victim; CREATE DATABASE d');
    let taken = 0;
    const text = fc.record({
      conditions: fc.array(condition, { minLength: 1, maxLength: 4 }),
      injected: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(text, async ({ conditions, injected }) => {
        const where = conditions.join(' AND ');
        const query = `CREATE CONTINUOUS QUERY c ON d BEGIN SELECT mean(v) INTO m FROM x WHERE ${where} GROUP BY time(1m) END`;
        const whole = injected ? `${query}; DROP DATABASE victim` : query;
        // As long as the first statement is none that the server refuses, the second is made.
        const answer = await influxd.query(query);
        expect(answer.error).toBeUndefined();
        if (injected) expect(accepts(whole)).toBe(false);
        else if (accepts(whole)) taken += 1;
      }),
      { numRuns: 300 },
    );
    // Nothing harmless is refused.
    expect(taken).toBeGreaterThan(100);
    expect(await names(influxd, 'SHOW DATABASES')).toContain('victim');
  });
});
