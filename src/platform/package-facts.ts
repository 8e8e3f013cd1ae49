import { readFileSync } from 'node:fs';

interface PackageFacts {
  version: string;
  engines: { node: string };
  peerDependencies: Record<string, string>;
}

/** Version of this package, from its package.json. */
export function packageVersion(): string {
  return packageFacts().version;
}

/** The Node versions that this package runs on, e.g. `>=20.19`. */
export function engineRequirement(): string {
  return packageFacts().engines.node;
}

/** What it needs of other packages that its user installs, by name: versions of Temporal's. */
export function peerRequirements(): Record<string, string> {
  return packageFacts().peerDependencies;
}

function packageFacts(): PackageFacts {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as PackageFacts;
}
