import { writeFile } from 'node:fs/promises';
import { reportJsonSchema } from '../src/core/report.ts';

/** Writes docs/report.schema.json; `test/core/report.test.ts` fails when it was forgotten. */
await writeFile(new URL('../docs/report.schema.json', import.meta.url), `${JSON.stringify(reportJsonSchema(), null, 2)}\n`);
