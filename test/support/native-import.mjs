/**
 * `import` as Node itself does it: the test runner's own would look the module up in its graph of sources.
 *
 * @param {string} url
 * @returns {Promise<Record<string, unknown>>}
 */
export function nativeImport(url) {
  return import(url);
}
