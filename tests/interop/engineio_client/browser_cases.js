// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// What a page does with an echo service: each function takes the client's function, an address and
// options; its promise rejects when something is wrong.
(function (where) {
  'use strict';

  const strings = ['plain', '\u20ac\u4e2d\ud83d\ude00', '\u2028\u2029\u0000\u001f"\\', 'x'.repeat(100000)];
  const bytes = [new Uint8Array([0, 1, 2, 255]), new Uint8Array(0), new Uint8Array(70000).fill(7)];

  const plain = (x) => (typeof x === 'string' ? x : 'bytes ' + new Uint8Array(x.buffer || x));

  const opened = (connect, url, options) =>
    new Promise((resolve, reject) => {
      const socket = connect(url, { path: '/engine.io/', ...options });
      socket.binaryType = 'arraybuffer';
      socket.once('open', () => resolve(socket));
      socket.once('error', reject);
    });

  // Sends messages, and wants them back in their order.
  const echo = (socket, messages) =>
    new Promise((resolve, reject) => {
      const expected = messages.map(plain);
      const listen = (data) => {
        const got = plain(data);
        const wanted = expected.shift();
        if (got !== wanted)
          reject(new Error(`got ${got.slice(0, 60)}, not ${wanted.slice(0, 60)}`));
        if (expected.length > 0) return;
        socket.off('message', listen);
        resolve();
      };
      socket.on('message', listen);
      socket.once('close', (why) => reject(new Error('closed: ' + why)));
      messages.forEach((m) => socket.send(m));
    });

  const upgraded = (socket, options) =>
    options.transports.length === 1 || socket.transport.name === 'websocket'
      ? Promise.resolve()
      : new Promise((resolve) => socket.once('upgrade', resolve));

  where.cases = {
    async 'texts and bytes come back'(connect, url, options) {
      const socket = await opened(connect, url, options);
      await echo(socket, [...strings, ...bytes]);
      await upgraded(socket, options);
      await echo(socket, [...bytes, ...strings]);
      socket.close();
    },
    async 'messages sent while things change keep their order'(connect, url, options) {
      for (let round = 0; round < 5; round++) {
        const socket = await opened(connect, url, options);
        await echo(socket, Array.from({ length: 200 }, (_, i) => 'message ' + i));
        socket.close();
      }
    },
    async 'it stays open over many heartbeats'(connect, url, options) {
      const socket = await opened(connect, url, options);
      const over = new Promise((resolve) => socket.once('close', resolve));
      const why = await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 1500))]);
      if (why) throw new Error(why);
      await echo(socket, ['still there']);
      socket.close();
    },
    async 'many clients at a time'(connect, url, options) {
      const talk = async (i) => {
        const socket = await opened(connect, url, options);
        await echo(socket, ['a' + i, 'b' + i]);
        socket.close();
      };
      await Promise.all(Array.from({ length: 5 }, (_, i) => talk(i)));
    },
  };
  if (typeof module !== 'undefined') module.exports = where.cases;
})(typeof window === 'undefined' ? {} : window);
