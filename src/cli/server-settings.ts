import { connectionSettings, localConnectionSettings, type ConnectionSettings } from '../client/index.ts';

/** As `--address` and `--namespace` give it; what is absent comes from the environment. */
export interface ServerChoice {
  address?: string;
  namespace?: string;
  /** A local server of a command: what the environment says of TLS and keys is not meant for it. */
  local?: boolean;
}

/** @throws VirnucproError `RunError.InvalidInput` if what the environment says cannot be used */
export function settingsOf({ address, namespace, local }: ServerChoice): ConnectionSettings {
  if (local === true && address !== undefined) return localConnectionSettings(address, namespace);
  const settings = connectionSettings({
    ...(address === undefined ? {} : { address }),
    ...(namespace === undefined ? {} : { namespace }),
  });
  return address === undefined ? settings : { ...settings, addressFrom: '--address' };
}
