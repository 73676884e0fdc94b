// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { chromium } = require('playwright-core');
const cases = require('./cases.js');
const { start, run } = require('./common.js');

const [, , program, folder] = process.argv;

process.exitCode = 1;

(async () => {
  const www = path.join(folder, 'www');
  fs.mkdirSync(www, { recursive: true });
  const library = path.join(folder, 'node_modules/sockjs-client/dist/sockjs.min.js');
  fs.copyFileSync(library, path.join(www, 'sockjs.min.js'));
  fs.copyFileSync(path.join(__dirname, 'cases.js'), path.join(www, 'cases.js'));
  fs.writeFileSync(
    path.join(www, 'page.html'),
    '<!doctype html><meta charset="utf-8"><title>SockJS</title>' +
      '<script src="/sockjs.min.js"></script><script src="/cases.js"></script>'
  );

  const here = await start(program, ['--www', www]);
  const there = await start(program, ['--www', www, '--threads', '2']);
  const executablePath = execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
  const browser = await chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });

  const everywhere = ['websocket', 'xhr-streaming', 'eventsource', 'iframe-eventsource',
    'iframe-htmlfile', 'xhr-polling', 'iframe-xhr-polling', 'jsonp-polling', null];
  const todo = [];
  const add = (kind, url, transports) => {
    for (const transport of transports)
      for (const name of cases.names)
        todo.push([
          `${kind}: ${name} over ${transport || 'what the client picks'}`,
          async () => {
            const page = await browser.newPage();
            try {
              await page.goto(here.url + '/page.html');
              await page.evaluate(
                ([n, u, t]) => window.cases[n](window.SockJS, u, t), [name, url, transport]);
            } finally {
              await page.close();
            }
          },
        ]);
  };
  add('another origin', there.url, everywhere);
  add('the same origin', here.url, everywhere.concat('htmlfile'));
  const failed = await run(todo);
  await browser.close();
  const statuses = [await here.stop(), await there.stop()];
  if (statuses.some((s) => s !== 0)) console.log('the servers ended with ' + statuses);
  process.exit(failed === 0 && statuses.every((s) => s === 0) ? 0 : 1);
})();
