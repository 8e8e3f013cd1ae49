/**
 * Ends the process although its connection to the server is open. A connection that is closed under a request that the
 * SDK is about to try again (a long poll, when the user has asked to end) throws where nobody can catch it.
 */
export async function exitWith(code: number): Promise<void> {
  process.exitCode = code;
  for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write('', resolve));
  process.exit();
}
