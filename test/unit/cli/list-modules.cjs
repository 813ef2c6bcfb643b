'use strict';
// Preloaded into the program: writes the files of all modules that it has loaded to LOADED_MODULES when it ends.
const { writeFileSync } = require('node:fs');

process.once('exit', () => {
  writeFileSync(process.env.LOADED_MODULES, JSON.stringify(Object.keys(require.cache)));
});
