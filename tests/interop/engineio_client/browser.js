// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { chromium } = require('playwright-core');
const cases = require('./browser_cases.js');
const { start, run } = require('../sockjs_client/common.js');

const [, , program, folder] = process.argv;

process.exitCode = 1;

(async () => {
  const www = path.join(folder, 'www');
  fs.mkdirSync(www, { recursive: true });
  const library = path.join(folder, 'node_modules/engine.io-client/dist/engine.io.min.js');
  fs.copyFileSync(library, path.join(www, 'client.js'));
  fs.copyFileSync(path.join(__dirname, 'browser_cases.js'), path.join(www, 'cases.js'));
  fs.writeFileSync(
    path.join(www, 'page.html'),
    '<!doctype html><meta charset="utf-8"><title>Engine.IO</title>' +
      '<script src="/client.js"></script><script src="/cases.js"></script>'
  );

  const options = ['--www', www, '--threads', '2', '--ping-timeout-ms', '5000'];
  const here = await start(program, options);
  const there = await start(program, [...options, '--cors', here.url]);
  const executablePath = execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
  const browser = await chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });

  const todo = [];
  const add = (kind, server, more) => {
    for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']])
      for (const name of Object.keys(cases))
        todo.push([
          `${kind}, ${transports.join(' and ')}: ${name}`,
          async () => {
            const page = await browser.newPage();
            try {
              await page.goto(here.url + '/page.html');
              await page.evaluate(([n, u, o]) => window.cases[n](window.eio, u, o),
                [name, server.url, { transports, ...more }]);
            } finally {
              await page.close();
            }
          },
        ]);
  };
  add('the same origin', here, {});
  add('another origin', there, { withCredentials: true });
  const failed = await run(todo);
  await browser.close();
  const statuses = [await here.stop(), await there.stop()];
  if (statuses.some((s) => s !== 0)) console.log('the servers ended with ' + statuses);
  process.exit(failed === 0 && statuses.every((s) => s === 0) ? 0 : 1);
})();
