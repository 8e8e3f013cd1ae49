import { describe, expect, it } from 'vitest';
import { checkNodeVersion } from '../../../../src/cli/doctor/node-version.ts';

describe('checkNodeVersion', () => {
  it.each([
    ['v20.19.0', 'ok'],
    ['v20.18.3', 'problem'],
    ['v18.20.0', 'problem'],
    ['v24.1.0', 'ok'],
  ])('%s where >=20.19 is needed → %s', (version, status) => {
    expect(checkNodeVersion(version, '>=20.19').status).toBe(status);
  });
});
