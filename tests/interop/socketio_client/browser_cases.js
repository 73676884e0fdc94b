// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// What a page does with the application `full`: each function takes the client's io, an address and
// options; its promise rejects when something is wrong.
(function (where) {
  'use strict';

  const opened = (io, url, options) =>
    new Promise((resolve, reject) => {
      const socket = io(url, { forceNew: true, reconnection: false, ...options });
      socket.once('connect', () => resolve(socket));
      socket.once('connect_error', reject);
    });
  const once = (socket, event) => new Promise((resolve) => socket.once(event, (...a) => resolve(a)));
  const ask = (socket, event, ...args) =>
    new Promise((resolve) => socket.emit(event, ...args, (...a) => resolve(a)));
  const plain = (x) =>
    x instanceof ArrayBuffer || ArrayBuffer.isView(x) ? 'bytes ' + new Uint8Array(x.buffer || x)
      : Array.isArray(x) ? x.map(plain)
      : x && typeof x === 'object' ? Object.entries(x).map(([k, v]) => [k, plain(v)])
      : x;
  const same = (a, b) => {
    const [one, other] = [a, b].map((x) => JSON.stringify(plain(x)));
    if (one !== other) throw new Error(`got ${one.slice(0, 200)}, not ${other.slice(0, 200)}`);
  };

  const cases = {
    async 'everything comes back'(io, url, options) {
      const socket = await opened(io, url, options);
      const bytes = new Uint8Array([1, 2, 255]);
      const values = [null, true, 'x\u20ac\u2028\ud83d\ude00', { a: [1, { b: bytes }] }, new Uint8Array(70000)];
      for (let i = 0; i < 3; i++) {
        const back = once(socket, 'echo');
        socket.emit('echo', ...values);
        same(await back, values);
        same(await ask(socket, 'echo', ...values), values);
      }
      const blob = new Blob(['blob']);
      same(await ask(socket, 'echo', blob), [new TextEncoder().encode('blob')]);
      socket.close();
    },
    async 'the server asks'(io, url, options) {
      const socket = await opened(io, url, options);
      const acked = once(socket, 'acked');
      socket.once('q', (n, answer) => answer(new Uint8Array([n])));
      socket.emit('ackme', 20000);
      same(await acked, [null, new Uint8Array([1])]);
      socket.close();
    },
    async 'rooms and namespaces'(io, url, options) {
      const socket = await opened(io, url, options);
      const other = await opened(io, url, options);
      const room = 'room ' + socket.id;
      same(await ask(socket, 'join', room), [2]);
      const told = once(socket, 'r');
      other.emit('to', room);
      same(await told, [room]);
      const mw = socket.io.socket('/mw', { auth: { ok: 1 } });
      same((await once(mw, 'hi'))[0], { ok: 1 });
      const dyn = socket.io.socket('/dyn-3');
      same(await once(dyn, 'dyn'), ['/dyn-3']);
      socket.io.engine.close();
      other.close();
    },
    async 'it stays open over many heartbeats, and big messages'(io, url, options) {
      const socket = await opened(io, url, options);
      for (let i = 0; i < 15; i++) {
        same(await ask(socket, 'echo', i), [i]);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const big = 'x'.repeat(600000);
      same(await ask(socket, 'echo', big), [big]);
      socket.close();
    },
    async 'the server says good-bye'(io, url, options) {
      const socket = await opened(io, url, options);
      const why = once(socket, 'disconnect');
      socket.emit('bye-hard');
      same((await why)[0], 'io server disconnect');
    },
  };

  if (typeof module === 'object') module.exports = cases;
  else where.cases = cases;
})(this);
