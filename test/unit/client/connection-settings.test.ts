import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionSettings, localConnectionSettings } from '../../../src/client/connection-settings.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const before = { ...process.env };

/** The variables of Temporal are these, and no others. */
function setTemporal(variables: Record<string, string>): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('TEMPORAL_')) delete process.env[name];
  Object.assign(process.env, variables);
}

/** Three files named as what they hold. */
async function certificates(): Promise<Record<'ca' | 'crt' | 'key', string>> {
  const folder = await temporaryFolder();
  const file = (name: string) => {
    writeFileSync(join(folder, name), name);
    return join(folder, name);
  };
  return { ca: file('ca'), crt: file('crt'), key: file('key') };
}

interface TlsSettings {
  serverRootCACertificate: Uint8Array;
  clientCertPair: { crt: Uint8Array; key: Uint8Array };
}

describe('connectionSettings', () => {
  beforeEach(async () => setTemporal({ TEMPORAL_CONFIG_FILE: join(await temporaryFolder(), 'none.toml') }));
  afterEach(() => {
    setTemporal({});
    Object.assign(process.env, before);
  });

  it('nothing set → the default server and namespace, no TLS', () => {
    setTemporal({ HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent' });
    const { address, namespace, connectionOptions } = connectionSettings();
    expect([address, namespace, connectionOptions.tls]).toEqual(['localhost:7233', 'default', undefined]);
  });

  it.each<[string, Record<string, string>, object]>([
    ['TEMPORAL_TLS', { TEMPORAL_TLS: 'true' }, { tls: {} }],
    ['TEMPORAL_TLS_SERVER_NAME', { TEMPORAL_TLS_SERVER_NAME: 'name' }, { tls: { serverNameOverride: 'name' } }],
    [
      'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
      { TEMPORAL_TLS_SERVER_CA_CERT_DATA: 'ca' },
      { tls: { serverRootCACertificate: expect.anything() } },
    ],
    ['TEMPORAL_API_KEY, which wants TLS', { TEMPORAL_API_KEY: 'key' }, { apiKey: 'key', tls: true }],
    [
      'TEMPORAL_API_KEY with TEMPORAL_TLS=false',
      { TEMPORAL_API_KEY: 'key', TEMPORAL_TLS: 'false' },
      { apiKey: 'key', tls: false },
    ],
    ['TEMPORAL_GRPC_META_*', { TEMPORAL_GRPC_META_X_TENANT: 'lab' }, { metadata: { 'x-tenant': 'lab' } }],
  ])('%s → reaches the connection', (_, variables, expected) => {
    setTemporal({ TEMPORAL_ADDRESS: 'host:1', TEMPORAL_NAMESPACE: 'lab', ...variables });
    const { address, namespace, connectionOptions } = connectionSettings();
    expect([address, namespace]).toEqual(['host:1', 'lab']);
    expect(connectionOptions).toMatchObject({ address: 'host:1', ...expected });
  });

  it('paths of certificates → their content', async () => {
    const { ca, crt, key } = await certificates();
    setTemporal({
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca,
      TEMPORAL_TLS_CLIENT_CERT_PATH: crt,
      TEMPORAL_TLS_CLIENT_KEY_PATH: key,
    });
    const { tls } = connectionSettings().connectionOptions;
    const clientCertPair = { crt: expect.anything(), key: expect.anything() };
    expect(tls).toMatchObject({ serverRootCACertificate: expect.anything(), clientCertPair });
    const { serverRootCACertificate: root, clientCertPair: pair } = tls as TlsSettings;
    const contents = [root, pair.crt, pair.key].map((read) => Buffer.from(read).toString());
    expect(contents).toEqual(['ca', 'crt', 'key']);
  });

  it('a profile of the config file → all of it; variables and arguments win over it', async () => {
    const { ca } = await certificates();
    const file = join(await temporaryFolder(), 'temporal.toml');
    writeFileSync(
      file,
      `[profile.lab]\naddress = "lab:7233"\nnamespace = "viruses"\napi_key = "k"\n[profile.lab.tls]\nserver_ca_cert_path = "${ca}"\n`,
    );
    setTemporal({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'lab' });
    expect(connectionSettings()).toMatchObject({
      address: 'lab:7233',
      namespace: 'viruses',
      connectionOptions: { apiKey: 'k', tls: { serverRootCACertificate: expect.anything() } },
    });
    process.env['TEMPORAL_NAMESPACE'] = 'phages';
    expect(connectionSettings({ address: 'other:1' })).toMatchObject({
      address: 'other:1',
      namespace: 'phages',
      connectionOptions: { address: 'other:1', apiKey: 'k' },
    });
  });

  it.each<[string, Record<string, string>, string]>([
    ['a profile that is not there', { TEMPORAL_PROFILE: 'nosuch' }, 'nosuch'],
    ['a certificate that is not there', { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere/ca.pem' }, '/nowhere/ca.pem'],
    [
      'a certificate of the client alone',
      { TEMPORAL_TLS_CLIENT_CERT_DATA: 'crt' },
      'a certificate of this client, and no key',
    ],
  ])('%s → RunError.InvalidInput naming it', (_, variables, named) => {
    setTemporal({ ...variables, HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent' });
    expect(() => connectionSettings()).toThrow(
      expect.objectContaining({ type: FailureType.RunInvalidInput, message: expect.stringContaining(named) }),
    );
  });

  it('a local server → gets neither the key nor the TLS that are meant for another one', () => {
    setTemporal({ TEMPORAL_API_KEY: 'key', TEMPORAL_TLS: 'true' });
    const expected = {
      address: '127.0.0.1:7233',
      namespace: 'default',
      connectionOptions: { address: '127.0.0.1:7233' },
    };
    expect(localConnectionSettings('127.0.0.1:7233')).toEqual(expected);
  });
});
