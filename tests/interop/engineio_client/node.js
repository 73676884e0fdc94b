// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const clients = {
  4: require('engine.io-client').Socket,
  3: require('engine.io-client-3'),
};
const { start, run } = require('../harness.js');

process.exitCode = 1;

const strings = ['plain', '€\u4e2d\ud83d\ude00', '\u2028\u2029\u0000\u001f"\\', 'x'.repeat(100000)];
const bytes = [Buffer.from([0, 1, 2, 255]), Buffer.alloc(0), Buffer.alloc(70000, 7)];

const equal = (a, b) =>
  typeof b === 'string' ? a === b : Buffer.from(a).equals(b) && typeof a !== 'string';
const shown = (x) => (typeof x === 'string' ? JSON.stringify(x.slice(0, 60)) : x);

const connect = (revision, url, options) => {
  const Client = clients[revision];
  return new Client(url, { path: '/engine.io/', ...options });
};

const opened = (socket) =>
  new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', (e) => reject(e.description || e));
    socket.once('close', (why) => reject(new Error('closed: ' + why)));
  });

const upgraded = (socket) => new Promise((resolve) => socket.once('upgrade', resolve));

// Sends messages, and wants them back in their order.
const echo = (socket, messages) =>
  new Promise((resolve, reject) => {
    const expected = messages.slice();
    const listen = (data) => {
      const wanted = expected.shift();
      if (!equal(data, wanted)) reject(new Error(`got ${shown(data)}, not ${shown(wanted)}`));
      if (expected.length === 0) {
        socket.off('message', listen);
        resolve();
      }
    };
    socket.on('message', listen);
    socket.once('close', (why) => reject(new Error('closed: ' + why)));
    messages.forEach((m) => socket.send(m));
  });

const closed = (socket) => new Promise((resolve) => socket.once('close', resolve));
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const ways = {
  polling: { transports: ['polling'] },
  websocket: { transports: ['websocket'] },
  upgrade: { transports: ['polling', 'websocket'] },
};

(async () => {
  const server = await start(process.argv[2], ['--threads', '2', '--ping-timeout-ms', '5000']);
  const todo = [];
  for (const revision of [4, 3])
    for (const way of Object.keys(ways)) {
      const name = (what) => `revision ${revision}, ${way}: ${what}`;
      const open = async () => {
        const socket = connect(revision, server.url, ways[way]);
        await opened(socket);
        return socket;
      };
      todo.push([
        name('texts and bytes come back'),
        async () => {
          const socket = await open();
          await echo(socket, [...strings, ...bytes, ...strings]);
          if (way === 'upgrade' && socket.transport.name !== 'websocket') await upgraded(socket);
          await echo(socket, [...bytes, ...strings]);
          socket.close();
        },
      ]);
      todo.push([
        name('messages sent while things change keep their order'),
        async () => {
          for (let round = 0; round < 10; round++) {
            const socket = await open();
            const many = [];
            for (let i = 0; i < 200; i++) many.push('message ' + i);
            await echo(socket, many);
            socket.close();
          }
        },
      ]);
      todo.push([
        name('it stays open over many heartbeats'),
        async () => {
          const socket = await open();
          const over = closed(socket);
          const why = await Promise.race([over, later(2000)]);
          if (why) throw new Error(why);
          await echo(socket, ['still there']);
          socket.close();
        },
      ]);
      todo.push([
        name('many clients at a time'),
        async () => {
          const all = [];
          for (let i = 0; i < 50; i++)
            all.push(
              open().then(async (socket) => {
                await echo(socket, ['a' + i, 'b' + i, 'c' + i]);
                socket.close();
              })
            );
          await Promise.all(all);
        },
      ]);
    }
  todo.push([
    'a refused client is told',
    async () => {
      const socket = connect(4, server.url, {
        ...ways.polling,
        extraHeaders: { 'x-deny': '1' },
      });
      await opened(socket).then(
        () => Promise.reject(new Error('it was let in')),
        () => {}
      );
    },
  ]);
  todo.push([
    'the server ends in order, with clients',
    async () => {
      const sockets = [
        connect(4, server.url, ways.polling),
        connect(4, server.url, ways.websocket),
      ];
      await Promise.all(sockets.map(opened));
      const gone = Promise.all(sockets.map(closed));
      const code = await server.stop();
      if (code !== 0) throw new Error('status ' + code);
      await gone;
    },
  ]);
  process.exit((await run(todo)) === 0 ? 0 : 1);
})();
