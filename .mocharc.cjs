'use strict';

module.exports = {
  require: ['tsx/cjs'],
  extension: ['ts'],
  timeout: 20000,
  reporter: './test/closing-reporter.ts',
  forbidOnly: true,
  // A test that cannot run has failed, where nobody is there to read its name.
  forbidPending: process.env.CI === 'true',
};
