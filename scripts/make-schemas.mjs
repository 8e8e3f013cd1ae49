import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { say } from './lib/console.mjs';
import { jsonSchemas, SCHEMA_FOLDER } from './lib/json-schemas.mjs';

// Writes docs/schemas from the schemas in the code; a test fails when they differ.
await mkdir(SCHEMA_FOLDER, { recursive: true });
for (const [name, schema] of Object.entries(await jsonSchemas())) {
  const filepath = join(SCHEMA_FOLDER, `${name}.schema.json`);
  await writeFile(filepath, await format(JSON.stringify(schema), { ...(await resolveConfig(filepath)), filepath }));
  say(`schemas: ${filepath}`);
}
