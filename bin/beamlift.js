#!/usr/bin/env node
'use strict';

// Plain old JavaScript: it must run on any Node to be able to say which one is needed.
var fs = require('fs');
var path = require('path');

var NEEDED = [20, 19];
var parts = process.versions.node.split('.').map(Number);
var dist = path.join(__dirname, '..', 'dist');
var entry = path.join(dist, 'launcher', 'cli.js');
var bundle = path.join(dist, 'bundle.js');

function changedAt(file) {
  return fs.existsSync(file) ? fs.statSync(file).mtimeMs : -Infinity;
}

if (parts[0] < NEEDED[0] || (parts[0] === NEEDED[0] && parts[1] < NEEDED[1])) {
  process.stderr.write(
    'beamlift needs Node ' +
      NEEDED.join('.') +
      ' or newer; this is ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').\n' +
      'Install a newer one from https://nodejs.org, or with your version manager: nvm install 22\n',
  );
  process.exitCode = 2;
} else if (!fs.existsSync(entry)) {
  process.stderr.write(
    'beamlift has not been built yet: ' +
      entry +
      ' is missing.\n' +
      'Run this first: (cd ' +
      path.dirname(__dirname) +
      ' && npm run build)\n',
  );
  process.exitCode = 2;
} else {
  // The AWS SDK would print a paragraph about its future at every run on Node 20, and takes its word from the process alone.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  // See bundle/make.ts. One that was made before modules were compiled again is not theirs.
  if (fs.existsSync(bundle) && changedAt(bundle) >= changedAt(path.join(dist, '.tsbuildinfo'))) {
    var read = require(path.join(dist, 'core', 'clients', 'bundle-file.js')).readBundle;
    require(path.join(dist, 'core', 'lazy-modules.js')).useBundle(bundle, read);
  }
  require(entry);
}
