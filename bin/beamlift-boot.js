#!/usr/bin/env node
'use strict';

// The worker's side of beamlift: what a Beam runner starts in a container or as a process. Never started by people.
var fs = require('fs');
var path = require('path');

var entry = path.join(__dirname, '..', 'dist', 'pipelines', 'beam', 'worker', 'boot-process.js');

if (!fs.existsSync(entry)) {
  process.stderr.write(
    'beamlift has not been built yet: ' + entry + ' is missing. Run this first: npm run build\n',
  );
  process.exitCode = 2;
} else {
  require(entry);
}
