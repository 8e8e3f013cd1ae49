import { EMBEDDERS } from '../embedders/index.ts';

/** Embedders with their options, for help texts. Those that have the same options share one list. */
export function describeEmbedders(): string {
  const groups = new Map<(typeof EMBEDDERS)[number]['options'], string[]>();
  for (const { name, summary, options } of EMBEDDERS) {
    groups.set(options, [...(groups.get(options) ?? []), `  ${name}: ${summary}`]);
  }
  return [...groups].flatMap(([options, names]) => [...names, ...describeOptions(options)]).join('\n');
}

function describeOptions(options: Readonly<Record<string, string>>): string[] {
  return Object.entries(options).map(([key, meaning]) => `      ${key}: ${meaning}`);
}
