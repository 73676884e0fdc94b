// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const { spawn } = require('child_process');

// Starts a conformance server; resolves with { url, child, stop }.
exports.start = (program, args, errors = 'inherit') =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', errors] });
    const ended = new Promise((done) => child.on('exit', (code, signal) => done(code ?? signal)));
    child.on('error', reject);
    process.on('exit', () => child.kill('SIGKILL'));
    child.stdout.on('data', (data) => {
      const found = /http:\/\/[^\s]+/.exec(String(data));
      if (found)
        resolve({
          url: found[0],
          child,
          // resolves with the status that it ended with
          stop: () => {
            child.kill('SIGTERM');
            return ended;
          },
        });
    });
  });

// Runs cases one after another; resolves with how many failed.
exports.run = async (cases) => {
  let failed = 0;
  for (const [name, body] of cases) {
    let timer;
    const limit = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('it took too long')), 60000);
    });
    try {
      await Promise.race([body(), limit]);
      console.log('ok      ' + name);
    } catch (e) {
      failed++;
      console.log('FAILED  ' + name + ': ' + (e && e.message ? e.message : e));
    }
    clearTimeout(timer);
  }
  console.log(`${cases.length - failed} of ${cases.length} passed`);
  return failed;
};
