// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { chromium } = require('playwright-core');
const { run } = require('./harness.js');

// The system's Chromium, which asks nobody for anything.
exports.launch = () =>
  chromium.launch({
    executablePath: execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim(),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });

// Makes page.html, which loads a client's library, a file of an installed package, and a file of cases.
// Gives the folder that it is in.
exports.make_page = (folder, library, cases) => {
  const www = path.join(folder, 'www');
  const script = path.basename(library);
  fs.mkdirSync(www, { recursive: true });
  fs.copyFileSync(path.join(folder, 'node_modules', library), path.join(www, script));
  fs.copyFileSync(cases, path.join(www, 'cases.js'));
  fs.writeFileSync(
    path.join(www, 'page.html'),
    `<!doctype html><meta charset="utf-8"><title>${script}</title>` +
      `<script src="/${script}"></script><script src="/cases.js"></script>`
  );
  return www;
};

// Runs cases, each in a page that is loaded anew from the first server, then stops the servers. A row has
// what it is called, the name of the case, and what it is called with behind the library's `client`. Gives
// the status to exit with.
exports.run_in_pages = async (servers, client, rows) => {
  const browser = await exports.launch();
  // a page costs the browser much more than loading it again
  const page = await browser.newPage();
  const failed = await run(
    rows.map(([title, ...row]) => [
      title,
      async () => {
        await page.context().clearCookies();
        await page.goto(servers[0].url + '/page.html');
        await page.evaluate(
          ([c, name, ...more]) => window.cases[name](window[c], ...more), [client, ...row]);
      },
    ])
  );
  await browser.close();
  const statuses = await Promise.all(servers.map((s) => s.stop()));
  if (statuses.some((s) => s !== 0)) console.log('the servers ended with ' + statuses);
  return failed === 0 && statuses.every((s) => s === 0) ? 0 : 1;
};
