#!/usr/bin/env node
// Old syntax on purpose: this file has to be understood by every Node that somebody may still have.
var fs = require('fs');
var path = require('path');

var root = path.dirname(__dirname);
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
  process.stdout.write(JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).version + '\n');
} else {
  require('module').enableCompileCache();
  var built = path.join(root, 'dist', 'cli.cjs');
  try {
    require(fs.existsSync(built) ? built : path.join(root, 'src', 'cli.ts'));
  } catch (error) {
    process.stderr.write('bugloop: cannot start: ' + error.message + ' [internal]\n  mend: run npm run build\n');
    process.exitCode = 1;
  }
}
