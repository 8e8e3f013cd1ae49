import { createRequire } from 'node:module';
import type { Finding } from './finding.ts';

/** What is installed of Temporal's packages, by name; undefined: not there. */
export type InstalledVersions = Readonly<Record<string, string | undefined>>;

const SDK = /^@temporalio\//u;

/**
 * @param peers `peerDependencies` of this package
 * @param optional those among them that are left out where they are not installed
 */
export function installedSdk(
  peers: Readonly<Record<string, string>>,
  optional: ReadonlySet<string> = new Set(),
): InstalledVersions {
  const require = createRequire(import.meta.url);
  const names = Object.keys(peers).filter((name) => SDK.test(name));
  const found = names.map((name) => [name, versionOf(require, name)] as const);
  return Object.fromEntries(found.filter(([name, version]) => version !== undefined || !optional.has(name)));
}

function versionOf(require: NodeJS.Require, name: string): string | undefined {
  try {
    return (require(`${name}/package.json`) as { version: string }).version;
  } catch {
    return undefined;
  }
}

/**
 * Temporal's packages must be those that this package is tested with, all of one version: types and protocol buffers of
 * different versions do not fit together.
 *
 * @param peers what is needed, e.g. `~1.24.0` by name
 */
export function judgeSdk(
  version: string,
  installed: InstalledVersions,
  peers: Readonly<Record<string, string>>,
): Finding {
  const check = 'sdk';
  const wrong = Object.entries(installed).filter(([name, found]) => !satisfies(found, peers[name] ?? ''));
  const versions = new Set(Object.values(installed));
  if (wrong.length === 0 && versions.size === 1) {
    return { check, status: 'ok', message: `virnucpro ${version}, Temporal SDK ${[...versions].join('')}` };
  }
  const named = wrong.length > 0 ? wrong : Object.entries(installed);
  const list = named.map(([name, found]) => `${name} ${found ?? 'is not installed'} (needed: ${peers[name]})`);
  const todo = `npm install ${Object.keys(installed)
    .map((name) => `${name}@${peers[name]}`)
    .join(' ')}`;
  return {
    check,
    status: 'problem',
    message: `virnucpro ${version} with other packages of Temporal's SDK: ${list.join(', ')}`,
    todo,
  };
}

/** @param range `~major.minor.patch`, as all of ours are */
function satisfies(version: string | undefined, range: string): boolean {
  const [major, minor, patch] = numbersOf(version ?? '');
  const [wantedMajor, wantedMinor, wantedPatch = 0] = numbersOf(range);
  return major !== undefined && major === wantedMajor && minor === wantedMinor && (patch ?? 0) >= wantedPatch;
}

function numbersOf(text: string): number[] {
  return (text.match(/\d+/gu) ?? []).slice(0, 3).map(Number);
}
