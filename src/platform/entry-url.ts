/**
 * URL of a module that runs in a thread or a process of its own.
 *
 * Node 20 cannot load TypeScript, so when the caller itself runs from `src/` (unit tests under vitest) the built twin in
 * `dist/` is returned; `npm test` builds before it tests.
 *
 * @param callerUrl `import.meta.url` of the caller
 * @param relativePath path of the built module relative to the caller, e.g. `./validate-thread.js`
 */
export function entryUrl(callerUrl: string, relativePath: string): URL {
  const url = new URL(relativePath, callerUrl);
  if (!callerUrl.endsWith('.ts')) return url;
  const at = url.href.lastIndexOf('/src/');
  return new URL(`${url.href.slice(0, at)}/dist/${url.href.slice(at + '/src/'.length)}`);
}
