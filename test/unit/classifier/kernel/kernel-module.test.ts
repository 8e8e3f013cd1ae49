import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { assembleWat, withoutRelaxedSimd } from '../../../../scripts/lib/assemble-wat.mjs';
import { FUSED_KERNEL, PLAIN_KERNEL } from '../../../../src/classifier/kernel/kernel-module.ts';

test('kernel.wat → the modules in kernel-module.ts', async () => {
  const source = await readFile(new URL('../../../../src/classifier/kernel/kernel.wat', import.meta.url), 'utf8');
  expect(await assembleWat('kernel.wat', source)).toBe(FUSED_KERNEL);
  const plain = withoutRelaxedSimd(source);
  expect(plain).not.toContain('(f32x4.relaxed');
  expect(await assembleWat('kernel.wat', plain)).toBe(PLAIN_KERNEL);
});
