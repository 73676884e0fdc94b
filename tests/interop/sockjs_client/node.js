// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const assert = require('assert');
const SockJS = require('sockjs-client');
const cases = require('./cases.js');
const { start, run } = require('../harness.js');

process.exitCode = 1;

// Streamed replies are messages: the header's, one for each write, and a last one.
const streams = (url, transport) =>
  new Promise((resolve, reject) => {
    const socket = new SockJS(url + '/hooks', null, { transports: [transport], timeout: 10000 });
    const asked = { lines: 'lines?n=3&ms=5', broken: 'broken', bytes: 'bytes?n=300000' };
    const got = {};
    const bytes = (id) =>
      Buffer.concat(got[id].map((m) => Buffer.from(m.content, m.contentEncoding || 'utf8')));
    const check = () => {
      for (const id of Object.keys(asked)) {
        assert.equal(got[id][0].statusCode, 200);
        assert.ok(got[id].slice(0, -1).every((m) => m.more));
      }
      assert.deepEqual(got.lines.slice(1).map((m) => m.content),
        ['{"i":0}\n', '{"i":1}\n', '{"i":2}\n', '']);
      assert.equal(got.lines[4].statusCode, undefined);
      assert.equal(bytes('broken').length, 1000);
      assert.equal(got.broken.pop().statusCode, 500);
      assert.equal(got.bytes[0].headers['Content-Length'], '300000');
      assert.ok(bytes('bytes').equals(Buffer.from(Array.from({ length: 300000 }, (_, i) => i % 251))));
    };
    socket.onopen = () => {
      for (const id of Object.keys(asked))
        socket.send(JSON.stringify({ id, method: 'GET', url: '/stream/' + asked[id] }));
    };
    socket.onmessage = (e) => {
      const m = JSON.parse(e.data);
      (got[m.id] = got[m.id] || []).push(m);
      const all = Object.values(got);
      if (all.length < 3 || all.some((messages) => messages[messages.length - 1].more)) return;
      try {
        check();
        resolve();
      } catch (wrong) {
        reject(wrong);
      }
      socket.close();
    };
    socket.onclose = (e) => reject(new Error('closed: ' + e.code + ' ' + e.reason));
  });

(async () => {
  const server = await start(process.argv[2], ['--threads', '2']);
  const todo = [];
  for (const transport of ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling', null])
    for (const name of cases.names)
      todo.push([
        `${name} over ${transport || 'what the client picks'}`,
        () => cases[name](SockJS, server.url, transport),
      ]);
  todo.push([
    'without WebSocket the client takes the next transport',
    async () => {
      const socket = new SockJS(server.url + '/disabled_websocket_echo', null, { timeout: 10000 });
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onclose = (e) => reject(new Error(e.reason));
      });
      if (socket.transport !== 'xhr-streaming') throw new Error('it took ' + socket.transport);
      socket.close();
    },
  ]);
  todo.push([
    'a broadcast reaches clients of every transport',
    async () => {
      const sockets = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling'].map(
        (t) => new SockJS(server.url + '/broadcast', null, { transports: [t], timeout: 10000 })
      );
      await Promise.all(sockets.map((s) => new Promise((resolve) => (s.onopen = resolve))));
      const all = Promise.all(
        sockets.map(
          (s) => new Promise((resolve) => (s.onmessage = (e) => resolve(e.data)))
        )
      );
      sockets[0].send('to all \u2028');
      for (const got of await all) if (got !== 'to all \u2028') throw new Error('got ' + got);
      sockets.forEach((s) => s.close());
    },
  ]);
  const streaming = await start(process.argv[2], ['--threads', '2', '--streams', '--stream-messages']);
  for (const transport of ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling'])
    todo.push([
      `streamed replies come in messages over ${transport}`,
      () => streams(streaming.url, transport),
    ]);
  todo.push(['the server ends in order, with streams under way', async () => {
    const socket = new SockJS(streaming.url + '/hooks', null, { transports: ['websocket'] });
    await new Promise((resolve) => (socket.onopen = resolve));
    const begun = new Promise((resolve) => (socket.onmessage = resolve));
    const closed = new Promise((resolve) => (socket.onclose = resolve));
    socket.send(JSON.stringify({ id: 1, method: 'GET', url: '/stream/sse?n=2&ms=3600000' }));
    await begun;
    const code = await streaming.stop();
    await closed;
    if (code !== 0) throw new Error('status ' + code);
  }]);
  todo.push(['the server ends in order', () => server.stop().then((code) => {
    if (code !== 0) throw new Error('status ' + code);
  })]);
  process.exit((await run(todo)) === 0 ? 0 : 1);
})();
