// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const assert = require('assert');
const path = require('path');
const { pathToFileURL } = require('url');
const { start, run } = require('../harness.js');
const { launch } = require('../pages.js');

const [, , program, folder, clients, picture] = process.argv;
const panes = ['fetch', 'sockjs', 'socketio', 'websocket'];
const transports = ['xhr-streaming', 'eventsource', 'iframe-htmlfile', 'xhr-polling', 'jsonp-polling',
  'websocket'];

process.exitCode = 1;

(async () => {
  const server = await start(program, [folder, clients, '0']);
  const browser = await launch();
  const complaints = [];

  const open = async (options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1320, height: 960 }, ...options });
    const page = await context.newPage();
    page.on('pageerror', (e) => {
      // a script of sockjs-client's JSONP that comes after its connection was closed
      if (!/^_jp\.\w+ is not a function$/.test(e.message)) complaints.push(e.message);
    });
    page.on('request', (r) => {
      const url = r.url();
      if (!/^(data|blob|about):/.test(url) && new URL(url).host !== new URL(server.url).host)
        complaints.push('a request to ' + url);
    });
    await page.goto(server.url + '/');
    await connected(page);
    return page;
  };
  const connected = async (page) => {
    await page.waitForSelector('#server[data-state=open]');
    for (const name of [...panes, 'events']) await page.waitForSelector(`#${name} .state[data-open=true]`);
    await text(page, '#socketio .state', /websocket$/);
  };
  /** Waits until the text of an element is as a pattern says; gives it. */
  const text = async (page, selector, pattern) => {
    const handle = await page.waitForFunction(
      ([s, source]) => {
        const found = document.querySelector(s);
        const said = found && found.textContent;
        return said !== null && new RegExp(source).test(said) && { said };
      },
      [selector, pattern.source]
    ).catch(async () => {
      const said = await page.evaluate((s) => document.querySelector(s)?.textContent, selector);
      throw new Error(`${selector} says "${said}", not ${pattern}`);
    });
    return (await handle.jsonValue()).said;
  };
  const method = (page, name) => page.click(`label:has(input[value=${name}])`);

  let page = await open();
  page.setDefaultTimeout(30000);

  const cases = [];
  const test = (name, body) => cases.push([name, body]);

  test('Socket.IO begins with polling, and the upgrade is seen', async () => {
    await page.click('#again');
    await text(page, '#socketio .state', /^polling → websocket$/);
  });

  for (const name of panes)
    test(`${name}: request, reply and latency are shown`, async () => {
      await page.click(`#${name} .send`);
      await text(page, `#${name} .status`, /^200 [0-9.]+ ms$/);
      await text(page, `#${name} .asked`, /^GET \/notes\/1$/);
      await text(page, `#${name} pre`, /"note": "1"/);
      await text(page, '#exchange', /over (http|sockjs|socketio|websocket)$/);
    });

  for (const transport of transports)
    test(`SockJS over ${transport}`, async () => {
      await page.selectOption('#transport', transport === 'websocket' ? 'xhr-polling' : 'websocket');
      await page.selectOption('#transport', transport);
      await page.waitForFunction(
        (t) => document.querySelector('#sockjs .state').textContent === t, transport);
      await page.click('#sockjs .send');
      await text(page, '#sockjs .status', /^200 /);
    });

  test('the seven lanes light with the time of each hook', async () => {
    await page.click('#websocket .send');
    await text(page, '#exchange', /^GET \/notes\/1 over websocket$/);
    for (const hook of ['access log', 'token', 'number', 'audit', 'read', 'meter', 'checksum', 'archive']) {
      await page.waitForSelector(`.hook.lit[data-hook="${hook}"]`);
      await text(page, `.hook[data-hook="${hook}"] .took`, /^[0-9.]+ (µs|ms)$/);
    }
    assert.strictEqual(await page.locator('.lane').count(), 7);
    assert.strictEqual(await page.locator('.hook.lit[data-hook="write"]').count(), 0);
    await text(page, '#reply', /^reply: 200 application\/json after /);
  });

  test('listeners run past the reply', async () => {
    await text(page, '#timeline li:first-child .outcome', /, 2 hooks ran past the reply$/);
  });

  test('two responders are one reply', async () => {
    await page.check('#history');
    await page.click('#fetch .send');
    await text(page, '#fetch .status', /^202 /);
    await text(page, '#fetch pre', /"note":"1"[^]*"history"/);
    await text(page, '#reply', /^reply: 202 multipart\/mixed, 2 responses in one,/);
    await page.uncheck('#history');
  });

  test('without the token the guard refuses on every way in, and the later lanes stay dark', async () => {
    await page.click('#no-token');
    await text(page, '#no-token-result', /^4 of 4 refused with 401$/);
    for (const name of panes) await text(page, `#${name} .status`, /^401 /);
    await page.waitForSelector('.hook.refused[data-hook="token"]');
    const dark = await page.$$eval('.lane.dark', (lanes) => lanes.map((l) => l.dataset.type));
    assert.deepStrictEqual(dark, ['responder', 'post-listener', 'post-responder']);
    assert.strictEqual(await page.locator('.hook.lit[data-hook="read"]').count(), 0);
    await text(page, '#reply', /^reply: 401 /);
  });

  test('spoofed control headers are removed, and the guard refuses still', async () => {
    await page.click('#spoof');
    await text(page, '#spoof-result', /^4 of 4 refused with 401; [1-9][0-9]* spoofed so far$/);
  });

  test('a hook is added and removed while a load runs, and no request fails', async () => {
    await page.click('#load');
    await text(page, '#load-result', /^[1-9][0-9]+ requests, 0 failed/);
    await page.click('#extra');
    await page.waitForSelector('.hook[data-hook="extra"]');
    await text(page, '#load-result', /, 0 failed; hooks changed: 1; replies with the hook: [1-9]/);
    await text(page, '#extra', /^Remove the hook$/);
    await page.click('#extra');
    await page.waitForSelector('.hook[data-hook="extra"]', { state: 'detached' });
    await page.click('#load');
    await text(page, '#load', /^Start load$/);
    await text(page, '#load-result', /, 0 failed; hooks changed: 2;/);
  });

  test('a fast responder does not wait for a slow one', async () => {
    await page.click('#overlap');
    await page.waitForSelector('.hook.running[data-hook="slow"], .hook.lit[data-hook="slow"]');
    await text(page, '#overlap-result', /^fast after [0-9]+ ms, slow after [0-9]+ ms$/);
  });

  test('two browsers see each other\'s notes, pushed over all three sockets and as events', async () => {
    const other = await open();
    for (const [writer, reader, words] of [[other, page, 'from there'], [page, other, 'from here']]) {
      await method(writer, 'PUT');
      await writer.fill('#note-id', 'shared');
      await writer.fill('#note-text', words);
      await writer.click('#socketio .send');
      await text(writer, '#notes li', /this browser, over socketio$/);
      await text(reader, '#notes li', new RegExp(`^shared${words}browser [a-z0-9]+, over socketio$`));
      for (const name of ['sockjs', 'socketio', 'websocket', 'events'])
        await text(reader, `#${name} .pushed`, /^pushed: note shared/);
      await method(writer, 'GET');
      await writer.fill('#note-id', '1');
    }
    await other.context().close();
  });

  test('text of others is text, not markup', async () => {
    await method(page, 'PUT');
    await page.fill('#note-text', '<img src=x onerror=alert(1)>');
    await page.click('#fetch .send');
    await text(page, '#notes li', /<img src=x onerror=alert\(1\)>/);
    assert.strictEqual(await page.locator('#notes img').count(), 0);
    await method(page, 'GET');
  });

  test('everything can be reached and used by the keyboard, and has a name', async () => {
    const named = await page.$$eval('button, input, select, a', (all) =>
      all.filter((e) => !(e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim()))
        .map((e) => e.outerHTML));
    assert.deepStrictEqual(named, []);
    await page.focus('#note-id');
    for (let i = 0; i < 3; ++i) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(() => document.activeElement.id === 'send-all')) break;
    }
    await page.keyboard.press('Enter');
    for (const name of panes) await text(page, `#${name} .status`, /^200 /);
    const reached = new Set();
    for (let i = 0; i < 40; ++i) {
      await page.keyboard.press('Tab');
      reached.add(await page.evaluate(() => document.activeElement.id));
    }
    for (const id of ['transport', 'no-token', 'spoof', 'load', 'extra', 'overlap', 'drain'])
      assert(reached.has(id), `${id} is not reached with Tab`);
  });

  for (const colorScheme of ['light', 'dark'])
    test(`the page fits a phone, ${colorScheme}`, async () => {
      const phone = await open({ viewport: { width: 360, height: 740 }, colorScheme });
      await phone.click('#send-all');
      await text(phone, '#websocket .status', /^200 /);
      const [wide, back] = await phone.evaluate(() =>
        [document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]);
      assert(wide <= 360, `it is ${wide} wide`);
      const light = /\((\d+)/.exec(back)[1] > 128;
      assert.strictEqual(light, colorScheme === 'light');
      await phone.context().close();
    });

  test('/__hooks shows the table with its warnings', async () => {
    const table = await page.context().newPage();
    await table.goto(server.url + '/__hooks');
    await text(table, 'h1', /^Hooks of the demo$/);
    const rows = await table.$$eval('tbody tr', (all) => all.map((r) => r.textContent));
    assert(rows.some((r) => r.includes('/notes/:id') && r.includes('checksum')));
    assert(rows.some((r) => r.includes('shadowed') && r.includes('never-runs')));
    assert(rows.some((r) => r.includes('/hello/:name') && r.includes('unguarded')));
    await table.close();
    const asJson = await fetch(server.url + '/__hooks', { headers: { accept: 'application/json' } });
    assert((await asJson.json()).some((h) => h.warnings.includes('never-runs')));
  });

  test('/openapi.json is a valid OpenAPI 3.1 document', async () => {
    const module = path.join(clients, '../node_modules/@seriousme/openapi-schema-validator/index.js');
    const { Validator } = await import(pathToFileURL(module));
    const document = await (await fetch(server.url + '/openapi.json')).json();
    const validator = new Validator();
    const checked = await validator.validate(document);
    assert(checked.valid, JSON.stringify(checked.errors));
    assert.strictEqual(validator.version, '3.1');
    assert.strictEqual(document.paths['/notes/{id}'].put.summary, 'Writes a note.');
  });

  test('/metrics has the numbers', async () => {
    const numbers = await (await fetch(server.url + '/metrics')).text();
    assert(/httphooks_requests_total\{pattern="\/notes\/:id",method="GET",status="200",transport="socketio"\} [1-9]/.test(numbers));
    assert(/\ndemo_sessions [1-9]/.test(numbers));
    for (const name of ['http', 'sockjs', 'websocket', 'socket.io'])
      assert(numbers.includes(`\nhttphooks_server_sessions{server="${name}"} `), name);
    assert(/\nhttphooks_server_sessions\{server="socket.io"\} [1-9]/.test(numbers));
  });

  if (picture)
    test('the picture is made', async () => {
      const shown = await open({ viewport: { width: 1320, height: 900 }, deviceScaleFactor: 1 });
      await method(shown, 'PUT');
      await shown.fill('#note-text', 'Four ways in, one hook');
      await shown.click('#send-all');
      await text(shown, '#websocket .status', /^200 /);
      await shown.click('#no-token');
      await text(shown, '#no-token-result', /^4 of 4/);
      await method(shown, 'GET');
      await shown.check('#history');
      for (const name of panes) {
        await shown.click(`#${name} .send`);
        await text(shown, `#${name} .status`, /^202 /);
      }
      await text(shown, '#timeline li:first-child .outcome', /^202 /);
      await shown.waitForSelector('.hook.lit[data-hook="archive"]');
      await shown.mouse.move(0, 0);
      await shown.evaluate(() => {
        document.activeElement.blur();
        return Promise.allSettled(document.getAnimations().map((a) => a.finished));
      });
      await shown.screenshot({ path: picture, fullPage: true });
      await shown.context().close();
    });

  test('a drain answers what has begun, counts the sessions down, and another server follows', async () => {
    const unread = await page.evaluate(async () => {
      const reply = await fetch('/sockjs/000/unread/xhr', { method: 'POST' });
      return reply.text();
    });
    assert.strictEqual(unread, 'o\n');
    const slow = page.evaluate(async () => {
      const reply = await fetch('/tasks/slow');
      return reply.status;
    });
    await page.waitForFunction(() => document.querySelector('.hook.running[data-hook="slow"]'));
    await page.click('#drain');
    await text(page, '#drain-result', /^sessions: [1-9][0-9]* → [0-9]+$/);
    assert.strictEqual(await slow, 200);
    await page.waitForSelector('#server[data-state=gone]');
    await connected(page);
    await text(page, '#drain-result', /^drained from [1-9][0-9]* sessions to 0; this is the next server$/);
    await page.click('#send-all');
    for (const name of panes) await text(page, `#${name} .status`, /^20/);
  });

  test('nothing was asked of another server, and no script failed', async () => {
    assert.deepStrictEqual(complaints, []);
  });

  const failed = await run(cases);
  await browser.close();
  const status = await server.stop();
  if (status !== 0) console.log('the demo ended with ' + status);
  process.exit(failed === 0 && status === 0 ? 0 : 1);
})();
