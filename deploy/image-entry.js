'use strict';

// The entry point of the image. A Beam runner starts a container with the flags of its container contract; people and schedulers
// start it with a command of beamlift.
var path = require('path');

var OF_RUNNERS = /^--?(id|provision_endpoint|control_endpoint|logging_endpoint|worker_pool)(=|$)/;

var isWorker = process.argv.slice(2).some(function (argument) {
  return OF_RUNNERS.test(argument);
});
require(path.join(__dirname, '..', 'bin', isWorker ? 'beamlift-boot.js' : 'beamlift.js'));
