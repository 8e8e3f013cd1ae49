import { describe, expect, it } from 'vitest';
import {
  endpointError,
  formatMetricsAddress,
  nthMetricsAddress,
  parseMetricsAddress,
  prometheusOptions,
} from '../../../src/observe/metrics-endpoint.ts';

describe('parseMetricsAddress', () => {
  it.each(['127.0.0.1:9464', 'localhost:1', '[::1]:65535'])('%s → itself', (text) => {
    expect(formatMetricsAddress(parseMetricsAddress(text))).toBe(text);
  });

  it.each(['', '9464', ':9464', 'host:', 'host:0', 'host:65536', '::1:9464', '[host]:9464', 'a b', 'host:9x'])(
    '"%s" → an error that says what is expected',
    (text) => {
      expect(() => parseMetricsAddress(text)).toThrow(/expected HOST:PORT, e\.g\. 127\.0\.0\.1:9464/u);
    },
  );
});

it('several processes → ports counted up; beyond the last port → an error', () => {
  const address = { host: '0.0.0.0', port: 65_534 };
  expect(nthMetricsAddress(address, 1)).toEqual({ host: '0.0.0.0', port: 65_535 });
  expect(() => nthMetricsAddress(address, 2)).toThrow(/3 processes need the ports from 65534 on/u);
});

describe('prometheusOptions', () => {
  it('a name → its address', async () => {
    const options = await prometheusOptions({ host: 'localhost', port: 9464 });
    expect(options).toMatchObject({
      prometheus: { bindAddress: expect.stringMatching(/^(127\.0\.0\.1|\[::1\]):9464$/u) },
    });
  });

  it('a name without an address → an error that names it', async () => {
    // A label has 63 letters at most: no resolver is asked.
    const host = `${'x'.repeat(64)}.invalid`;
    const options = prometheusOptions({ host, port: 9464 });
    await expect(options).rejects.toThrow(`--metrics-address ${host}:9464: the host has no address`);
  });
});

it('what is not about the endpoint → as it is', () => {
  const error = new Error('something else');
  expect(endpointError({ host: '::', port: 1 }, error)).toBe(error);
});
