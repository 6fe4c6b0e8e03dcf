import { readFile, writeFile } from 'node:fs/promises';
import type { Report } from '../bench/bench.ts';
import { renderPerformance, replaceSection } from '../bench/report/readme.ts';

/** Puts the figures of `bench/results/results.json` between the markers in the README: `npm run bench:readme`. */
const at = (path: string): URL => new URL(`../${path}`, import.meta.url);
const report: Report = JSON.parse(await readFile(at('bench/results/results.json'), 'utf8'));
const readme = await readFile(at('README.md'), 'utf8');
await writeFile(at('README.md'), replaceSection(readme, renderPerformance(report)));
