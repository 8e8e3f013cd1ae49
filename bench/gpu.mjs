#!/usr/bin/env node
// `npm run bench:gpu`: throughput of a model on a GPU, bare and through the sidecar. Needs Python with torch, and nothing
// of node_modules, so that it runs on a bare machine too: `node bench/gpu.mjs --python python3`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runMain } from '../scripts/lib/console.mjs';

const HELP = `npm run bench:gpu [-- OPTIONS]

  --python PATH         a Python with torch (default: $VIRNUCPRO_SIDECAR_PYTHON, the one that \`virnucpro setup-models\`
                        has made, or python3)

The rest goes to that Python, which says:

`;

await runMain(async () => {
  const { python, rest } = takePython(process.argv.slice(2));
  if (rest.includes('--help') || rest.includes('-h')) process.stdout.write(HELP);
  const sources = fileURLToPath(new URL('../python', import.meta.url));
  const path = [sources, ...(process.env['PYTHONPATH']?.split(delimiter) ?? [])].join(delimiter);
  const child = spawn(python, ['-m', 'virnucpro_sidecar.bench', ...rest], {
    stdio: 'inherit',
    env: { ...process.env, PYTHONPATH: path },
  });
  const [code] = await once(child, 'exit').catch((error) => {
    throw new Error(`${python} cannot be started: ${error.message}; name a Python that has torch with --python`);
  });
  return code ?? 1;
});

/** @param {readonly string[]} argv */
function takePython(argv) {
  const at = argv.indexOf('--python');
  if (at < 0) return { python: defaultPython(), rest: argv };
  const python = argv[at + 1];
  if (python === undefined) throw new Error('--python: expected the path of a Python');
  return { python, rest: argv.toSpliced(at, 2) };
}

function defaultPython() {
  const named = process.env['VIRNUCPRO_SIDECAR_PYTHON'];
  if (named) return named;
  const data = process.env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share');
  const made = join(data, 'virnucpro', 'python', 'bin', 'python');
  return existsSync(made) ? made : 'python3';
}
