// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const path = require('path');
const cases = require('./cases.js');
const { start } = require('../harness.js');
const { make_page, run_in_pages } = require('../pages.js');

const [, , program, folder] = process.argv;

process.exitCode = 1;

(async () => {
  const www = make_page(folder, 'sockjs-client/dist/sockjs.min.js', path.join(__dirname, 'cases.js'));
  const here = await start(program, ['--www', www]);
  const there = await start(program, ['--www', www, '--threads', '2', '--deflate']);
  const everywhere = ['websocket', 'xhr-streaming', 'eventsource', 'iframe-eventsource',
    'iframe-htmlfile', 'xhr-polling', 'iframe-xhr-polling', 'jsonp-polling', null];
  const rows = [];
  const add = (kind, url, transports) => {
    for (const transport of transports)
      for (const name of cases.names)
        rows.push([`${kind}: ${name} over ${transport || 'what the client picks'}`, name, url,
          transport]);
  };
  add('another origin', there.url, everywhere);
  add('the same origin', here.url, everywhere.concat('htmlfile'));
  process.exit(await run_in_pages([here, there], 'SockJS', rows));
})();
