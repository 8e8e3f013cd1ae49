import wabt from 'wabt';

/**
 * @param {string} source WebAssembly text
 * @returns {Promise<string>} the binary module as base64
 */
export async function assembleScan(source) {
  const { parseWat } = await wabt();
  const module = parseWat('scan.wat', source, { simd: true });
  module.validate();
  const { buffer } = module.toBinary({});
  module.destroy();
  return Buffer.from(buffer).toString('base64');
}
