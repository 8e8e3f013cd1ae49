import wabt from 'wabt';

/**
 * @param {string} name for messages
 * @param {string} source WebAssembly text
 * @returns {Promise<string>} the binary module as base64
 */
export async function assembleWat(name, source) {
  const { parseWat } = await wabt();
  const module = parseWat(name, source, { simd: true, relaxed_simd: true });
  module.validate();
  const { buffer } = module.toBinary({});
  module.destroy();
  return Buffer.from(buffer).toString('base64');
}

/**
 * The same module for engines without relaxed SIMD: each fused multiplication and addition becomes two instructions.
 *
 * @param {string} source WebAssembly text, operands of relaxed_madd being locals
 */
export function withoutRelaxedSimd(source) {
  const local = String.raw`\(local\.get \$\w+\)`;
  const fused = new RegExp(String.raw`\(f32x4\.relaxed_madd (${local}) (${local}) (${local})\)`, 'g');
  return source.replace(fused, '(f32x4.add (f32x4.mul $1 $2) $3)');
}
