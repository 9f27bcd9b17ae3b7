import { isSubscriptionUrl, LocalMetaClient } from 'clusterflux';
import { describe, expect, it } from 'vitest';

const valid = [
  'udp://h:1',
  'UDP://h:1',
  'https://h:1',
  'http://:80',
  'http://h:0',
  'http://h:99999999',
  'http://[::1]:80',
  'http://[fe80::1%25eth0]:80',
  'http://[fe80::1%25a%20b]:80',
  'http://u:p@h:80/x?y#z',
  'http://é:80',
  'http://h:80/ x',
  'http://<h>:80',
  'http://h:80?%zz',
  'http://[h]:80',
  'http://[]:80',
  'http://a@b@h:80',
  'http://u:p:q@h:80',
  'http://@h:80',
  'http://h!$&*+=~:80',
  'http://h%25:80',
  'http://h%C3%A9:80',
  'http://h:80/\\',
];

const invalid = [
  '',
  'http://h',
  'http://h:',
  'tcp://h:1',
  'h:1',
  '//h:1',
  'http:h:1',
  'http:/h:1',
  'http://h:abc',
  'http://h:-1',
  'http://::1:80',
  'http://h:80:90',
  'http://[::1]',
  'http://[::1]x:80',
  'http://h%41:80',
  'http://h h:80',
  'http://h:80/%zz',
  'http://h:80#%zz',
  'http://h^:80',
  'http://h|:80',
  'http://h`:80',
  'http://h{}:80',
  'http://h\\:80',
  'http://user name@h:80',
  'http://ü@h:80',
  'http://u%zz:p@h:80',
  'http://h?:80',
  'http://h#:80',
  'http:///h:80',
  'http://h[:80',
  'http://[::1]]:80',
  'http://[fe80::1%25a%5Db]:80',
  'http://h%:80',
  'udp+x://h:1',
  ' http://h:80',
  'http://h:80/\n',
  'http://h\x7f:80',
];

describe('destinations of subscriptions', () => {
  it.each(valid)('%s is taken', (url) => {
    expect(isSubscriptionUrl(url)).toBe(true);
  });

  it.each(invalid)('%o is refused', (url) => {
    expect(isSubscriptionUrl(url)).toBe(false);
  });

  it('are all looked at before anything else, and the first bad one is named', async () => {
    const client = new LocalMetaClient();
    const destinations = ['udp://h:1', 'bad', 'worse'];
    await expect(client.createSubscription('no', 'no', 's', 'ALL', destinations)).rejects.toMatchObject({
      code: 'INVALID_SUBSCRIPTION_URL',
      message: 'invalid subscription URL: bad',
    });
  });

  it('are those at the time of the call, whatever becomes of the list', async () => {
    const client = new LocalMetaClient();
    await client.createDatabase('db');
    const destinations = ['udp://h:1'];
    await client.createSubscription('db', 'autogen', 's', 'ANY', destinations);
    destinations.push('udp://h:2');
    expect(client.retentionPolicy('db', 'autogen')?.subscriptions).toEqual([
      { name: 's', mode: 'ANY', destinations: ['udp://h:1'] },
    ]);
  });
});
