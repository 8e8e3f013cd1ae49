// Checks every byte of every checkpoint in a folder; for a nightly job: exit code 0 all valid, 3 something is wrong, 1 could not look.
//
//   node examples/checkpoint/validate-folder.mjs run
import { validateFolder } from 'virnucpro-temporal/checkpoint';

const [folder = '.'] = process.argv.slice(2);
try {
  const { report, exitCode } = await validateFolder(folder, { level: 'deep' });
  console.log(`${report.valid} of ${report.found} valid, ${report.inProgress} of them in progress`);
  for (const { path, result, reason } of report.checkpoints) if (result !== 'valid') console.log(`${path}: ${reason}`);
  process.exitCode = exitCode;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
