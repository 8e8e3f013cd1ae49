import { readFileSync } from 'node:fs';

interface PackageFacts {
  version: string;
  engines: { node: string };
  peerDependencies: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
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

/** Those of {@link peerRequirements} that need not be there. */
export function optionalPeers(): ReadonlySet<string> {
  const meta = Object.entries(packageFacts().peerDependenciesMeta ?? {});
  return new Set(meta.filter(([, { optional }]) => optional === true).map(([name]) => name));
}

function packageFacts(): PackageFacts {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as PackageFacts;
}
