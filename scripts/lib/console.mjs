import process from 'node:process';

/**
 * Tells what a script does; on stderr, like all progress.
 *
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`> ${line}\n`);
}

/**
 * Runs a script's main function; an error becomes its message and exit code 1.
 *
 * @param {() => Promise<number>} main gives the exit code
 */
export async function runMain(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
