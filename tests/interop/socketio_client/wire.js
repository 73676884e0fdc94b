// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const { cases } = require('./wire_cases.js');
const { run, start } = require('../harness.js');

process.exitCode = 1;

(async () => {
  const program = process.argv[2];
  const calm = ['--ping-interval-ms', '25000', '--ping-timeout-ms', '20000'];
  const servers = {
    full: await start(program, ['--app', 'full', '--threads', '2', ...calm]),
    basic: await start(program, ['--app', 'basic', ...calm]),
    quick: await start(program, ['--app', 'full', '--connect-timeout-ms', '1000',
      '--ping-timeout-ms', '20000']),
    msgpack: await start(program, ['--app', 'full', '--parser', 'msgpack', ...calm]),
    recovery: await start(program, ['--app', 'full', '--recovery', ...calm]),
  };
  const urls = Object.fromEntries(Object.entries(servers).map(([name, s]) => [name, s.url]));
  const wanted = (name) => name.includes(process.env.CASES || '');
  const failed = await run(
    cases.filter(([name]) => wanted(name)).map(([name, body]) => [name, () => body(urls)])
  );
  process.exit(failed === 0 ? 0 : 1);
})();
