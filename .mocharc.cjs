'use strict';

module.exports = {
  require: ['tsx/cjs'],
  extension: ['ts'],
  timeout: 20000,
  reporter: './test/closing-reporter.ts',
  // See launcher/run-process.ts: a process that is left to end by itself may spin for ever, after all tests have passed.
  exit: true,
  forbidOnly: true,
  // A test that cannot run has failed, where nobody is there to read its name.
  forbidPending: process.env.CI === 'true',
};
