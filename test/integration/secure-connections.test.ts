import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectClient, connectionSettings } from '../../src/client/index.ts';
import { FailureType } from '../../src/contract/failure-types.ts';
import { CertificateAuthority, readPair, type Certificate } from '../support/certificates.ts';
import { checkpointNames, makeInputs } from '../support/run-folder.ts';
import { startGrpcStub, startTlsProxy, type Listening } from '../support/secure-servers.ts';
import { startTemporal, type Temporal } from '../support/temporal.ts';
import { workplace } from '../support/workplace.ts';

const folder = mkdtempSync(join(tmpdir(), 'virnucpro-tls-'));
const authority = new CertificateAuthority(join(folder, 'ours'), 'ours');
const stranger = new CertificateAuthority(join(folder, 'theirs'), 'theirs');
const server = authority.issue('server', ['localhost']);
const member = authority.issue('member');
const before = { ...process.env };

let temporal: Temporal;
let secure: Listening;
let mutual: Listening;
let elsewhere: Listening;
let plain: Listening;

beforeAll(async () => {
  temporal = await startTemporal();
  const { address } = temporal.server;
  const ca = readFileSync(authority.cert);
  secure = await startTlsProxy(address, readPair(server));
  mutual = await startTlsProxy(address, { ...readPair(server), ca });
  elsewhere = await startTlsProxy(address, readPair(authority.issue('elsewhere', ['temporal.example'])));
  plain = await startGrpcStub(undefined);
});

afterAll(async () => {
  for (const listening of [secure, mutual, elsewhere, plain]) await listening?.stop();
  await temporal?.stop();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(() =>
  setTemporal(Object.fromEntries(Object.entries(before).filter(([name]) => name.startsWith('TEMPORAL_')))),
);

function setTemporal(variables: Record<string, string | undefined>): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('TEMPORAL_')) delete process.env[name];
  Object.assign(process.env, variables);
}

/** Settings as the environment gives them; read at once, so that tests may wait at the same time. */
function settingsFor(at: string, variables: Record<string, string> = {}) {
  setTemporal({ TEMPORAL_ADDRESS: at, TEMPORAL_CONFIG_FILE: join(folder, 'none.toml'), ...variables });
  return connectionSettings();
}

function clientVariables({ cert, key }: Certificate): Record<string, string> {
  return { TEMPORAL_TLS_CLIENT_CERT_PATH: cert, TEMPORAL_TLS_CLIENT_KEY_PATH: key };
}

const OUR_CA = { TEMPORAL_TLS_SERVER_CA_CERT_PATH: authority.cert };

describe('TLS', () => {
  it.each<[string, () => [string, Record<string, string>]]>([
    ['an authority of one’s own', () => [secure.address, OUR_CA]],
    ['client certificates', () => [mutual.address, { ...OUR_CA, ...clientVariables(member) }]],
    ['another name', () => [elsewhere.address, { ...OUR_CA, TEMPORAL_TLS_SERVER_NAME: 'temporal.example' }]],
  ])('%s → clients and workers connect', async (_, make) => {
    const [at, variables] = make();
    const settings = settingsFor(at, variables);
    const client = await connectClient(settings);
    await client.connection.close();
    const connection = await NativeConnection.connect(settings.connectionOptions);
    const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace: settings.namespace });
    expect(namespaceInfo?.name).toBe('default');
    await connection.close();
  });

  it('a profile with client certificates → a whole run with workers of the command’s own', async () => {
    const at = workplace();
    const inputs = makeInputs(at.folder, 1, 2);
    const file = at.path('temporal.toml');
    const tls = [
      `server_ca_cert_path = "${authority.cert}"`,
      `client_cert_path = "${member.cert}"`,
      `client_key_path = "${member.key}"`,
    ];
    writeFileSync(file, ['[profile.lab]', `address = "${mutual.address}"`, '[profile.lab.tls]', ...tls, ''].join('\n'));
    const env = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'lab' };
    const args = ['embed', inputs, '--out', at.path('out'), '--embedder', 'kmer', '--with-workers', '--json'];
    const { code, stderr } = await at.run(args, { env });
    expect([code, stderr.includes('Started virnucpro-')]).toEqual([0, true]);
    expect(checkpointNames(at.path('out'))).toEqual(['s00_KMER.pt']);
  });
});

it('an API key and metadata → sent by clients and workers with every call, over TLS', async () => {
  const stub = await startGrpcStub(readPair(server));
  const settings = settingsFor(stub.address, {
    ...OUR_CA,
    TEMPORAL_API_KEY: 'the-key',
    TEMPORAL_NAMESPACE: 'lab.account',
    TEMPORAL_GRPC_META_X_TENANT: 'lab',
  });
  try {
    const client = await connectClient(settings);
    await client.connection.close();
    const byClient = stub.calls.length;
    const connection = await NativeConnection.connect(settings.connectionOptions);
    await connection.workflowService.describeNamespace({ namespace: settings.namespace });
    await connection.close();
    expect([byClient, stub.calls.length > byClient]).toEqual([2, true]);
    for (const { authorization, 'x-tenant': tenant } of stub.calls)
      expect([authorization, tenant]).toEqual(['Bearer the-key', 'lab']);
    expect(stub.calls[1]).toMatchObject({
      ':path': expect.stringMatching(/DescribeNamespace$/u),
      'temporal-namespace': 'lab.account',
    });
  } finally {
    await stub.stop();
  }
});

describe('a connection that fails → RunError.InvalidInput with the reason and what to do', () => {
  /** Each takes the five seconds that a client waits, so all of them wait together. */
  it('authorities, names, certificates, TLS, ports, hosts', async () => {
    const spy = stranger.issue('spy');
    const cases: Record<string, [at: string, variables: Record<string, string>, expected: RegExp]> = {
      'no known authority': [
        secure.address,
        { TEMPORAL_TLS: 'true' },
        /; name the certificate of its authority with TEMPORAL_TLS_SERVER_CA_CERT_PATH/u,
      ],
      'another authority': [
        secure.address,
        { TEMPORAL_TLS_SERVER_CA_CERT_PATH: stranger.cert },
        /TEMPORAL_TLS_SERVER_CA_CERT_PATH/u,
      ],
      'another name': [elsewhere.address, OUR_CA, /localhost.*temporal\.example.*TEMPORAL_TLS_SERVER_NAME/u],
      'no client certificate': [
        mutual.address,
        OUR_CA,
        /wants a certificate of the client: set TEMPORAL_TLS_CLIENT_CERT_PATH/u,
      ],
      'a stranger’s client certificate': [
        mutual.address,
        { ...OUR_CA, ...clientVariables(spy) },
        /the certificate of this client.*TEMPORAL_TLS_CLIENT_CERT_PATH/u,
      ],
      'no TLS where it is spoken': [
        secure.address,
        {},
        /it speaks TLS, and this client does not; set TEMPORAL_TLS=true/u,
      ],
      'TLS where it is not spoken': [plain.address, OUR_CA, /does not speak TLS there: unset TEMPORAL_TLS/u],
      'nobody listens': [
        'localhost:1',
        {},
        /no Temporal server answers at localhost:1: connect ECONNREFUSED.*; start one/u,
      ],
      'no such host': [
        'nosuch.invalid:7233',
        {},
        /(?:ENOTFOUND|EAI_AGAIN) nosuch\.invalid|nothing answered within 3 s/u,
      ],
    };
    const told = Object.entries(cases).map(async ([name, [at, variables]]) => [
      name,
      await refusalOf(settingsFor(at, variables)),
    ]);
    const expected = Object.entries(cases).map(([name, [, , message]]) => [name, expect.stringMatching(message)]);
    expect(Object.fromEntries(await Promise.all(told))).toEqual(Object.fromEntries(expected));
  });

  it.each<[string, number]>([
    ['UNAUTHENTICATED', 16],
    ['PERMISSION_DENIED', 7],
  ])('%s', async (name, code) => {
    const stub = await startGrpcStub(readPair(server), { code, message: `not with this key: ${name}` });
    try {
      const told = await refusalOf(settingsFor(stub.address, { ...OUR_CA, TEMPORAL_API_KEY: 'old' }));
      expect(told).toMatch(/refuses these credentials: .*not with this key.*; check TEMPORAL_API_KEY/u);
    } finally {
      await stub.stop();
    }
  });

  it('embed and worker → exit code 1, the same words', async () => {
    const at = workplace();
    const inputs = makeInputs(at.folder, 1, 1);
    const env = { TEMPORAL_ADDRESS: mutual.address, ...OUR_CA };
    const commands = [
      ['embed', inputs, '--out', at.path('out'), '--embedder', 'kmer'],
      ['worker', '--role', 'io'],
    ];
    const ended = await Promise.all(commands.map((args) => at.run(args, { env })));
    for (const { code, stderr } of ended) {
      expect([code, stderr]).toEqual([1, expect.stringContaining('set TEMPORAL_TLS_CLIENT_CERT_PATH')]);
    }
  });
});

/** @returns the message, if it is of the type that is expected */
async function refusalOf(settings: ReturnType<typeof connectionSettings>): Promise<string> {
  const error = await connectClient(settings).then(
    () => expect.fail('it connected'),
    (reason: unknown) => reason as { type?: string; message: string },
  );
  expect(error).toMatchObject({ type: FailureType.RunInvalidInput });
  return error.message;
}
