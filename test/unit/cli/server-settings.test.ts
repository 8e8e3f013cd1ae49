import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settingsOf } from '../../../src/cli/server-settings.ts';

const before = { ...process.env };

function clear(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('TEMPORAL_')) delete process.env[name];
}

describe('settingsOf', () => {
  beforeEach(() => {
    clear();
    Object.assign(process.env, { TEMPORAL_ADDRESS: 'temporal.example:7233', TEMPORAL_API_KEY: 'key' });
  });
  afterEach(() => {
    clear();
    Object.assign(process.env, before);
  });

  it('nothing chosen → what the environment says, and where it does', () => {
    expect(settingsOf({})).toMatchObject({ address: 'temporal.example:7233', addressFrom: 'TEMPORAL_ADDRESS' });
  });

  it('--address and --namespace → these, with the keys of the environment', () => {
    expect(settingsOf({ address: 'other:7233', namespace: 'lab' })).toMatchObject({
      ...{ address: 'other:7233', addressFrom: '--address', namespace: 'lab' },
      connectionOptions: { address: 'other:7233', apiKey: 'key' },
    });
  });

  it('a local server → no keys are sent to it', () => {
    const settings = settingsOf({ address: '127.0.0.1:1', local: true });
    expect(settings.connectionOptions).toEqual({ address: '127.0.0.1:1' });
  });
});
