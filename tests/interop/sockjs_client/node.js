// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const SockJS = require('sockjs-client');
const cases = require('./cases.js');
const { start, run } = require('../harness.js');

process.exitCode = 1;

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
  todo.push(['the server ends in order', () => server.stop().then((code) => {
    if (code !== 0) throw new Error('status ' + code);
  })]);
  process.exit((await run(todo)) === 0 ? 0 : 1);
})();
