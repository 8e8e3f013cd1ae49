import { loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';

export type ConnectionOptions = NonNullable<ReturnType<typeof toClientOptions>['connectionOptions']>;

/** How to reach Temporal. */
export interface ConnectionSettings {
  address: string;
  /** What has named the address, for messages: `TEMPORAL_ADDRESS`, …; absent where the caller has. */
  addressFrom?: string;
  namespace: string;
  /** For Connection and NativeConnection alike: TLS, API key, metadata. */
  connectionOptions: ConnectionOptions;
}

const DEFAULT_ADDRESS = 'localhost:7233';
const DEFAULT_NAMESPACE = 'default';

/**
 * Settings from `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_PROFILE`, TLS and API key variables and the config
 * file, where the explicit ones are absent.
 *
 * @throws VirnucproError `RunError.InvalidInput` if the config file, the profile or a certificate file cannot be read
 */
export function connectionSettings(explicit: { address?: string; namespace?: string } = {}): ConnectionSettings {
  const { connectionOptions, namespace } = configured();
  const address = explicit.address ?? connectionOptions?.address ?? DEFAULT_ADDRESS;
  return {
    address,
    ...(explicit.address === undefined ? { addressFrom: sourceOfAddress() } : {}),
    namespace: explicit.namespace ?? namespace ?? DEFAULT_NAMESPACE,
    connectionOptions: { ...connectionOptions, address },
  };
}

/**
 * Settings for a local development server: what the environment says of TLS and API keys is meant for another one, and a key
 * is not sent to it.
 */
export function localConnectionSettings(address: string, namespace: string = DEFAULT_NAMESPACE): ConnectionSettings {
  return { address, namespace, connectionOptions: { address } };
}

/** The variable goes before the profile. */
function sourceOfAddress(): string {
  return process.env['TEMPORAL_ADDRESS'] ? 'TEMPORAL_ADDRESS' : 'the profile (TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE)';
}

function configured(): ReturnType<typeof toClientOptions> {
  try {
    const profile = loadClientConfigProfile();
    const { clientCert, clientKey } = profile.tls ?? {};
    // Temporal's own loader sends none then, and the server refuses the client for a reason that nobody sees.
    if ((clientCert === undefined) !== (clientKey === undefined)) {
      const [there, missing] = clientCert === undefined ? ['key', 'certificate'] : ['certificate', 'key'];
      throw new Error(`there is a ${there} of this client, and no ${missing}`);
    }
    return toClientOptions(profile);
  } catch (error) {
    throw new VirnucproError(
      FailureType.RunInvalidInput,
      `what the environment says of the Temporal server cannot be used: ${(error as Error).message}; look at TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE and the paths in TEMPORAL_TLS_*`,
      { cause: error },
    );
  }
}
