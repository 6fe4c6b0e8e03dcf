import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/core/config-file.ts';
import { packageRoot, readText } from './workflow.ts';

/** The configuration that bugloop has for its own repository. */

const path = '.bugloop/config.yml';
const read = parseConfig(readFileSync(join(packageRoot, path)), path);
if (!read.ok) throw new Error(read.problems.map(({ message }) => message).join('\n'));
const { commands, protectedPaths } = read.config;

test('what it protects is there', () => {
  expect(protectedPaths.length).toBeGreaterThan(0);
  expect(protectedPaths.filter((glob) => globSync(glob, { cwd: packageRoot }).length === 0)).toEqual([]);
});

test('what its commands name is there', () => {
  const [, , , ...folders] = commands.test ?? [];
  expect(folders.length).toBeGreaterThan(0);
  expect(folders.filter((folder) => !existsSync(join(packageRoot, folder)))).toEqual([]);
  expect(commands.build).toEqual(['npm', 'run', 'build']);
  expect(readText('package.json')).toContain('"build":');
});
