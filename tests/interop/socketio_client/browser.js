// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const path = require('path');
const cases = require('./browser_cases.js');
const { start } = require('../harness.js');
const { make_page, run_in_pages } = require('../pages.js');

const [, , program, folder] = process.argv;

process.exitCode = 1;

(async () => {
  const www = make_page(folder, 'socket.io-client/dist/socket.io.min.js', path.join(__dirname, 'browser_cases.js'));
  const options = ['--app', 'full', '--www', www, '--threads', '2', '--ping-timeout-ms', '5000',
    '--connect-timeout-ms', '20000'];
  const here = await start(program, options);
  const there = await start(program, [...options, '--cors', here.url]);
  const rows = [];
  const add = (kind, server, more) => {
    for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']])
      for (const name of Object.keys(cases))
        rows.push([`${kind}, ${transports.join(' and ')}: ${name}`, name, server.url,
          { transports, ...more }]);
  };
  add('the same origin', here, {});
  add('another origin', there, { withCredentials: true });
  process.exit(await run_in_pages([here, there], 'io', rows));
})();
