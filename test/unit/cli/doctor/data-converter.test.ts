import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDataConverter } from '../../../../src/cli/doctor/data-converter.ts';
import { ENCRYPTING_CONVERTER, makeKey } from '../../../support/encrypting-converter.ts';
import { REPOSITORY } from '../../../support/repository.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

async function check(text: string): Promise<string[]> {
  const dataConverter = join(await temporaryFolder(), 'own.mjs');
  writeFileSync(dataConverter, text);
  return (await checkDataConverter({ dataConverter })).map(({ status, message }) => `${status} ${message}`);
}

describe('checkDataConverter', () => {
  it('none named → nothing to say', async () => {
    expect(await checkDataConverter({})).toEqual([]);
  });

  it('the example that encrypts, without its key → a problem; in a copy, with it → ok', async () => {
    const before = process.env['VIRNUCPRO_PAYLOAD_KEY'];
    const copy = join(await temporaryFolder(), 'copy');
    cpSync(dirname(ENCRYPTING_CONVERTER), copy, { recursive: true });
    symlinkSync(join(REPOSITORY, 'node_modules'), join(copy, 'node_modules'));
    try {
      delete process.env['VIRNUCPRO_PAYLOAD_KEY'];
      const [finding] = await checkDataConverter({ dataConverter: ENCRYPTING_CONVERTER });
      expect(finding).toMatchObject({ status: 'problem', message: expect.stringContaining('expected 32 bytes') });
      process.env['VIRNUCPRO_PAYLOAD_KEY'] = makeKey();
      const dataConverter = join(copy, 'data-converter.mjs');
      const message = `${dataConverter} encodes payloads as binary/encrypted`;
      expect(await checkDataConverter({ dataConverter })).toEqual([{ check: 'data-converter', status: 'ok', message }]);
    } finally {
      if (before === undefined) delete process.env['VIRNUCPRO_PAYLOAD_KEY'];
      else process.env['VIRNUCPRO_PAYLOAD_KEY'] = before;
    }
  });

  it('a codec that leaves failures in the clear → a warning', async () => {
    const codec = '{ encode: async (all) => all, decode: async (all) => all }';
    const [finding] = await check(`export default { payloadCodecs: [${codec}] };`);
    expect(finding).toMatch(/^warning .* encodes payloads as json\/plain; messages of failures/u);
  });

  it('a codec that does not give back what it got → a problem', async () => {
    const codec = "{ encode: async (all) => all, decode: async ([one]) => [{ ...one, data: Buffer.from('7') }] }";
    const [finding] = await check(`export default { payloadCodecs: [${codec}] };`);
    expect(finding).toMatch(/^problem .* does not give back what it encoded: 7$/u);
  });
});
