import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EMBEDDERS } from '../../../src/embedders/index.ts';
import { LOADED_KEYS } from '../../../src/embedders/sidecar/handshake.ts';
import { SIDECAR_OPTIONS } from '../../../src/embedders/sidecar/sidecar-settings.ts';

const PAGE = readFileSync(new URL('../../../docs/embedders.md', import.meta.url), 'utf8');

/** Cells of the rows of the table whose head starts with this cell. */
function table(head: string): string[][] {
  const lines = PAGE.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${head} `));
  const end = lines.findIndex((line, at) => at > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const POOLING: Readonly<Record<string, string>> = { 'mean-residues': 'residues', 'mean-all-tokens': 'all tokens' };

describe('docs/embedders.md', () => {
  it('the table of embedders → what they describe', () => {
    const described = EMBEDDERS.map((factory) => {
      const { name, alphabet, dim, kind, suffix, fingerprint } = factory.describe({}, 'nucleotide');
      const pooling = POOLING[String(fingerprint['pooling'])] ?? '–';
      const model = factory.isModel === true ? fingerprint['model'] : undefined;
      return { name, takes: alphabet === undefined ? 'both' : `${alphabet}s`, model, dim, suffix, kind, pooling };
    });
    const written = table('Embedder').map(([name = '', takes, model = '', dim = '', file = '', kind, pooling]) => ({
      ...{ name, takes, model: model.includes('/') ? model : undefined, dim: Number.parseInt(dim, 10) },
      ...{ suffix: file.replace('{stem}', ''), kind, pooling },
    }));
    expect(written).toEqual(described);
  });

  it('the table of options → those of the models, with their defaults, and whether run.json holds them', () => {
    const rows = table('Option');
    expect(rows.map(([option]) => option)).toEqual(Object.keys(SIDECAR_OPTIONS));
    const esm = EMBEDDERS.find(({ name }) => name === 'esm2-8m')!.describe({ randomInit: 'true' }, 'protein');
    for (const [option = '', , , bound] of rows) {
      const key = option === 'randomInit' ? 'weights' : option;
      const isBound = key in esm.fingerprint || LOADED_KEYS.some((loaded) => loaded === key);
      if (option !== 'weights') expect([option, bound]).toEqual([option, isBound ? 'yes' : 'no']);
    }
    expect(esm).toMatchObject({ batchSize: 1024, batchLetters: 131_072 });
    for (const number of ['1,024 sequences', '131,072 letters']) expect(PAGE).toContain(number);
  });

  it('what a folder is bound to → the keys of the fingerprint', () => {
    for (const key of LOADED_KEYS) expect(PAGE).toContain(`\`${key}\``);
  });
});
