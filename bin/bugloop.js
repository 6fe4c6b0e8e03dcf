#!/usr/bin/env node
// Old syntax on purpose: this file has to be understood by every Node that somebody may still have.
import * as nodeModule from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import v8 from 'node:v8';

var needed = [22, 18];
var found = process.versions.node.split('.').map(Number);

if (found[0] < needed[0] || (found[0] === needed[0] && found[1] < needed[1])) {
  process.stderr.write(
    'bugloop: Node ' +
      process.versions.node +
      ' is too old, bugloop needs Node ' +
      needed.join('.') +
      ' or newer [env.node_version]\n' +
      '  mend: install Node 22.18 or newer, or run npm ci in this repository and use npx bugloop or npm run demo\n',
  );
  process.exitCode = 2;
} else if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  // Known without loading anything.
  process.stdout.write(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version + '\n');
} else {
  // Most of what is read of a repository is looked at once: room for young objects to grow in is memory without use.
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  if (nodeModule.enableCompileCache) nodeModule.enableCompileCache();
  var built = new URL('../dist/cli.js', import.meta.url);
  var source = new URL('../src/cli.ts', import.meta.url);
  import(existsSync(built) ? built.href : source.href).catch(function (error) {
    process.stderr.write('bugloop: cannot start: ' + error.message + ' [internal]\n  mend: run npm run build\n');
    process.exitCode = 1;
  });
}
