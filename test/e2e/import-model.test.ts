import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  forgedStateDict,
  randomClassifier,
  torchFileWithoutCrcs,
  writeRandomClassifier,
} from '../support/classifier-model.ts';
import { workplace } from '../support/workplace.ts';

describe('import-model', () => {
  it('a whole model → 0, what it is, the same classifier without a pickle; again → kept', async () => {
    const at = workplace();
    const { tensors } = writeRandomClassifier(at.path('500_model.pth'), { seed: 1, features: 40, hidden: 20 });
    const before = readFileSync(at.path('500_model.pth'));
    const first = await at.run(['import-model', '500_model.pth', '500_model.safetensors']);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toMatch(
      /^500_model\.pth: whole model, 40 features, 20 hidden units, 2 classes, float32, eps 0\.00001\n500_model\.safetensors: [\d,]+ bytes\n$/u,
    );
    expect(readFileSync(at.path('500_model.pth')).equals(before)).toBe(true);
    const weights = Buffer.from(tensors['hidden_layer.weight'].buffer);
    expect(readFileSync(at.path('500_model.safetensors')).includes(weights)).toBe(true);
    const again = await at.run(['import-model', '500_model.pth', '500_model.safetensors', '--json']);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toEqual({
      ...{ schema: 1, outcome: 'existing', input: '500_model.pth', output: '500_model.safetensors' },
      ...{ format: 'module', features: 40, hidden: 20, classes: 2, dtype: 'float32', eps: 1e-5 },
      bytes: readFileSync(at.path('500_model.safetensors')).length,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/u),
      source: expect.stringMatching(/^[0-9a-f]{64}$/u),
      notes: [],
    });
  });

  it('a file without CRCs → 0, with a note', async () => {
    const at = workplace();
    const weights = randomClassifier({ seed: 1, features: 4, hidden: 2 });
    writeFileSync(at.path('old.pth'), torchFileWithoutCrcs(forgedStateDict(weights)));
    const { code, stdout } = await at.run(['import-model', 'old.pth', 'x.safetensors']);
    expect([code, stdout.split('\n')[2]]).toEqual([
      0,
      'note: old.pth has no CRCs: damage to its weights cannot be seen; compare its SHA-256 with that of its source',
    ]);
  });

  it.each<[string, string, string, number, string]>([
    ['no such file', 'gone.pth', 'x.safetensors', 1, 'gone.pth: no such file'],
    ['another extension', 'model.pth', 'x.pt', 1, 'must end in .safetensors'],
    ['no folder for the output', 'model.pth', 'gone/x.safetensors', 1, 'cannot be written'],
    ['a damaged file', 'cut.pth', 'x.safetensors', 3, 'cut.pth: corrupted: '],
    ['a name that is taken', 'model.pth', 'taken.safetensors', 3, 'another file is there'],
  ])('%s → its exit code, said in words and as JSON, nothing left', async (_, input, output, expected, message) => {
    const at = workplace();
    writeRandomClassifier(at.path('model.pth'), { seed: 1, features: 4, hidden: 2 });
    writeFileSync(at.path('cut.pth'), readFileSync(at.path('model.pth')).subarray(0, -100));
    writeFileSync(at.path('taken.safetensors'), 'x');
    const before = readdirSync(at.folder);
    const { code, stdout, stderr } = await at.run(['import-model', input, output, '--json']);
    expect(code).toBe(expected);
    expect(stderr).toContain(message);
    expect(JSON.parse(stdout)).toEqual({
      ...{ schema: 1, input, output },
      error: { type: expect.stringMatching(/^(?:CheckpointError|RunError)\./u), message: stderr.slice(11, -1) },
    });
    expect(readdirSync(at.folder)).toEqual(before);
  });
});
