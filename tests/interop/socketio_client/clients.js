// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const assert = require('assert');
const { io } = require('socket.io-client');
const io_2 = require('socket.io-client-2');
const msgpack = require('socket.io-msgpack-parser');
const { run, start } = require('../harness.js');

process.exitCode = 1;

const same = assert.deepStrictEqual;
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const once = (socket, event) => new Promise((resolve) => socket.once(event, (...a) => resolve(a)));
const ask = (socket, event, ...args) =>
  new Promise((resolve) => socket.emit(event, ...args, (...a) => resolve(a)));
const plain = (x) =>
  x instanceof ArrayBuffer || ArrayBuffer.isView(x) ? 'bytes ' + Buffer.from(x).toString('hex')
    : Array.isArray(x) ? x.map(plain)
    : x && typeof x === 'object' ? Object.fromEntries(Object.entries(x).map(([k, v]) => [k, plain(v)]))
    : x;
const alike = (a, b) => same(plain(a), plain(b));

const ways = {
  polling: { transports: ['polling'] },
  websocket: { transports: ['websocket'] },
  upgrade: { transports: ['polling', 'websocket'] },
};

const opened = async (make, url, options) => {
  const socket = make(url, { forceNew: true, reconnection: false, ...options });
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
    socket.once('error', reject);  // so the second revision says it
  });
  return socket;
};

const values = [null, true, -1.5, 'x\u20ac\u2028\ud83d\ude00', [], {}, { a: [1, { b: null }] },
  Buffer.from([1, 2, 255]), { c: [Buffer.alloc(0), 'between', Buffer.alloc(70000, 7)] }];

const todo = [];

// What clients of every kind do with the application `full`.
const common = (kind, make, url, way, options) => {
  const add = (name, body) =>
    todo.push([`${kind}, ${way}: ${name}`, async () => {
      const socket = await opened(make, url(), { ...ways[way], ...options });
      try {
        await body(socket);
      } finally {
        socket.close();
      }
    }]);

  add('everything comes back, as event and as acknowledgement', async (socket) => {
    for (let round = 0; round < 5; round++) {
      const back = once(socket, 'echo');
      socket.emit('echo', ...values);
      alike(await back, values);
      alike(await ask(socket, 'echo', ...values), values);
      same(await ask(socket, 'echo'), []);
    }
  });
  add('the server asks, and is answered, or not', async (socket) => {
    let acked = once(socket, 'acked');
    socket.once('q', (n, answer) => answer(n + 1));
    socket.emit('ackme', 20000);
    same(await acked, [null, 2]);
    acked = once(socket, 'acked');
    socket.once('q', (n, answer) => answer(Buffer.from([n])));
    socket.emit('ackme', 20000);
    alike(await acked, [null, Buffer.from([1])]);
    acked = once(socket, 'acked');
    socket.emit('ackme');
    same(await acked, ['operation has timed out', null]);
  });
  add('bytes, numeric events and volatile ones', async (socket) => {
    const bin = once(socket, 'bin');
    socket.emit('bin');
    alike(await bin, [Buffer.from([1, 2, 3]), { a: [Buffer.alloc(0)] }]);
    const num = once(socket, 7);
    socket.emit('num');
    same(await num, ['x']);
    const told = [];
    for (const name of ['n', 'v']) socket.on(name, (n) => told.push(n));
    socket.emit('vol');
    await ask(socket, 'echo');
    same(told, [1, 4]);
    same(await ask(socket, 'double-ack'), [1]);
  });
  add('big messages, both ways', async (socket) => {
    for (const n of [1, 65536, 600000]) {
      const big = once(socket, 'big');
      socket.emit('big', n);
      same(await big, ['x'.repeat(n)]);
    }
    const text = 'y'.repeat(500000);
    same(await ask(socket, 'echo', { text, list: ['z'.repeat(100000)] }),
      [{ text, list: ['z'.repeat(100000)] }]);
    const bytes = Buffer.alloc(600000, 5);
    alike(await ask(socket, 'echo', bytes), [bytes]);
  });
  add('many messages keep their order, and stay whole over heartbeats', async (socket) => {
    const got = [];
    socket.on('echo', (n, bytes) => got.push(n, Buffer.from(bytes)[0]));
    const wanted = [];
    for (let i = 0; i < 200; i++) {
      socket.emit('echo', i, Buffer.from([i]));
      wanted.push(i, i);
      if (i % 20 === 0) await later(50);
    }
    await ask(socket, 'echo');
    same(got, wanted);
  });
  add('rooms', async (socket) => {
    const other = await opened(make, url(), { ...ways[way], ...options });
    const name = 'room ' + socket.id;
    same(await ask(socket, 'join', name), [2]);
    same(await ask(other, 'join', name), [2]);
    const told = [once(socket, 'r'), once(other, 'r')];
    other.emit('to', name);
    same(await Promise.all(told), [[name], [name]]);
    const others = once(other, 'b');
    let own = 0;
    socket.on('b', () => own++);
    socket.emit('others');
    same(await others, [2]);
    await ask(socket, 'echo');
    same(own, 0);
    other.close();
  });
  add('a request to the hooks', async (socket) => {
    const [reply] = await ask(socket, 'request', { method: 'GET', url: '/hook', headers: {} });
    same(reply.statusCode, 200);
    same(reply.content, "Welcome to '/hook'... Hello world! :)");
  });
  add('the server says good-bye', async (socket) => {
    const why = once(socket, 'disconnect');
    socket.emit('bye');
    same((await why)[0], 'io server disconnect');
    if (make === io_2) return;  // it does not come back over the same connection
    socket.connect();
    await once(socket, 'connect');
    const hard = once(socket, 'disconnect');
    socket.emit('bye-hard');
    same((await hard)[0], 'io server disconnect');
  });
};

const refused = (make, url, options) =>
  opened(make, url, options).then(
    (s) => {
      s.close();
      throw new Error('it was let in');
    },
    (e) => e
  );

// What the client of today adds.
const today = (kind, url, way, options) => {
  const all = { ...ways[way], ...options };
  const add = (name, body) => todo.push([`${kind}, ${way}: ${name}`, body]);

  add('auth and query; a middleware refuses with its data', async () => {
    const e = await refused(io, url() + '/mw', all);
    same([e.message, e.data], ['nope', { code: 7 }]);
    const socket = io(url() + '/mw', { ...all, forceNew: true, auth: { ok: 1 }, query: { q: 'a&b' } });
    same(await once(socket, 'hi'), [{ ok: 1 }, 'a&b']);
    socket.close();
  });
  add('unknown namespaces are refused', async () => {
    same((await refused(io, url() + '/nope', all)).message, 'Invalid namespace');
    same((await refused(io, url() + '/dyn-x', all)).message, 'Invalid namespace');
  });
  add('many namespaces share a connection, and leave one by one', async () => {
    const manager = io(url(), { ...all, forceNew: true }).io;
    const sockets = ['/dyn-1', '/dyn-22', '/slow'].map((name) => manager.socket(name));
    same(await Promise.all(sockets.slice(0, 2).map((s) => once(s, 'dyn'))), [['/dyn-1'], ['/dyn-22']]);
    if (!sockets[2].connected) await once(sockets[2], 'connect');
    sockets[0].disconnect();
    const e = once(sockets[2], 'e');
    sockets[2].emit('e');
    same(await e, []);
    sockets[0].connect();
    same(await once(sockets[0], 'dyn'), ['/dyn-1']);
    manager._close();
  });
  add('who leaves a namespace while its middleware runs may join it again', async () => {
    const socket = await opened(io, url(), all);
    const slow = socket.io.socket('/slow');
    slow.disconnect();
    slow.connect();
    await once(slow, 'connect');
    const e = once(slow, 'e');
    slow.emit('e');
    await e;
    same(await ask(socket, 'echo', 1), [1]);
    socket.io._close();
  });
  add('a client comes back by itself', async () => {
    const socket = io(url(), { ...all, forceNew: true, reconnectionDelay: 10 });
    await once(socket, 'connect');
    const before = socket.id;
    const why = once(socket, 'disconnect');
    const again = once(socket, 'connect');
    socket.io.engine.close();
    same((await why)[0], 'forced close');
    await again;
    assert.notEqual(socket.id, before);
    assert.ok(!socket.recovered);
    same(await ask(socket, 'echo', 1), [1]);
    socket.close();
  });
  add('many clients at a time', async () => {
    await Promise.all(
      [...Array(50).keys()].map(async (n) => {
        const socket = await opened(io, url(), all);
        for (let i = 0; i < 5; i++) same(await ask(socket, 'echo', n, i), [n, i]);
        socket.close();
      })
    );
  });
};

// Loses its connection as when the network goes.
const lose = (socket) => {
  const lost = once(socket, 'disconnect');
  const { transport } = socket.io.engine;
  if (transport.ws) transport.ws.terminate();
  else socket.io.engine.onClose('transport error');
  return lost;
};

const recovery = (url) => {
  todo.push(['websocket: what was missed comes after the connection was lost', async () => {
    const options = { ...ways.websocket, forceNew: true, reconnectionDelay: 200 };
    const socket = io(url(), options);
    await once(socket, 'connect');
    const { id } = socket;
    const other = await opened(io, url(), ways.websocket);
    await ask(socket, 'join', 'room');
    const first = once(socket, 'r');
    socket.emit('to', 'room');
    await first;
    await lose(socket);
    const told = [];
    socket.on('r', (room) => told.push(room));
    socket.on('b', (n) => told.push(n));
    for (const [name, ...args] of [['to', 'room'], ['others'], ['to', 'elsewhere']]) other.emit(name, ...args);
    await once(socket, 'connect');
    same([socket.recovered, socket.id], [true, id]);
    await ask(socket, 'echo');
    same(told, ['room', 2]);
    socket.emit('to', 'room');
    await ask(socket, 'echo');
    same(told, ['room', 2, 'room']);
    socket.close();
    other.close();
  }]);
  todo.push(['who left by itself is not recovered', async () => {
    const socket = io(url(), { ...ways.websocket, forceNew: true });
    await once(socket, 'connect');
    await ask(socket, 'echo');
    const b = once(socket, 'b');
    socket.emit('bcast');
    await b;
    const { id } = socket;
    socket.disconnect();
    socket.connect();
    await once(socket, 'connect');
    assert.ok(!socket.recovered);
    assert.notEqual(socket.id, id);
    socket.close();
  }]);
};

// Revision 2 of the client, whose Engine.IO is revision 3.
const yesterday = (url, full, way) => {
  const add = (name, body) => todo.push([`revision 2, ${way}: ${name}`, body]);
  add('the main namespace is joined by itself; another takes the query as auth', async () => {
    const socket = io_2(url() + '/custom?token=a%20b', { ...ways[way], forceNew: true });
    const [auth] = await once(socket, 'auth');
    same(auth.token, 'a b');
    assert.match(socket.id, /^\/custom#[\w-]{20}$/);
    socket.close();
  });
  add('a middleware refuses with its data', async () => {
    const socket = io_2(full() + '/mw', { ...ways[way], forceNew: true, reconnection: false });
    same(await once(socket, 'error'), [{ code: 7 }]);
    socket.close();
  });
  add('messages of the main namespace', async () => {
    const socket = await opened(io_2, url(), ways[way]);
    const back = once(socket, 'message-back');
    socket.emit('message', 1, Buffer.from([2]), { a: 'b' });
    alike(await back, [1, Buffer.from([2]), { a: 'b' }]);
    alike(await ask(socket, 'message-with-ack', 'x', Buffer.from([3])), ['x', Buffer.from([3])]);
    socket.close();
  });
  add('an unknown namespace is an error', async () => {
    const socket = io_2(url() + '/nope', { ...ways[way], forceNew: true, reconnection: false });
    alike(await once(socket, 'error'), [{ message: 'Invalid namespace' }]);
    socket.close();
  });
};

// Streamed replies are events, and an acknowledgement at the end.
const streams = (url, way) => {
  const add = (name, body) =>
    todo.push([`streams, ${way}: ${name}`, async () => {
      const socket = await opened(io, url(), ways[way]);
      const got = [];
      socket.on('response', (m) => got.push(m));
      try {
        await body((path) => ask(socket, 'request', { id: path, method: 'GET', url: path }), got);
      } finally {
        socket.close();
      }
    }]);
  add('each write is an event', async (request, got) => {
    const [end] = await request('/stream/lines?n=3&ms=5');
    alike(end, { id: '/stream/lines?n=3&ms=5', content: '' });
    same(got[0].statusCode, 200);
    same(got[0].headers['Content-Type'], 'application/x-ndjson');
    same(got.map((m) => m.content), ['', '{"i":0}\n', '{"i":1}\n', '{"i":2}\n']);
    same(got.every((m) => m.more && m.id === '/stream/lines?n=3&ms=5'), true);
  });
  add('bytes are bytes', async (request, got) => {
    await request('/stream/bytes?n=300000');
    const all = Buffer.concat(got.map((m) => Buffer.from(m.content)));
    same(all.equals(Buffer.from(Array.from({ length: 300000 }, (_, i) => i % 251))), true);
  });
  add('a failure is the acknowledgement', async (request, got) => {
    const [end] = await request('/stream/broken');
    same(end.statusCode, 500);
    same(got.map((m) => m.content).join('').length, 1000);
  });
};

(async () => {
  const program = process.argv[2];
  const at = (...more) => start(program, ['--threads', '2', '--ping-timeout-ms', '5000',
    '--connect-timeout-ms', '20000', ...more]);
  const full = await at('--app', 'full');
  const packed = await at('--app', 'full', '--parser', 'msgpack', '--deflate');
  const basic = await at();
  const recovering = await at('--app', 'full', '--recovery');
  const streaming = await at('--app', 'full', '--streams', '--stream-messages');
  for (const way of Object.keys(ways)) {
    common('revision 4', io, () => full.url, way, {});
    today('revision 4', () => full.url, way, {});
    common('msgpack', io, () => packed.url, way, { parser: msgpack });
    today('msgpack', () => packed.url, way, { parser: msgpack });
    common('revision 2', io_2, () => full.url, way, {});
    yesterday(() => basic.url, () => full.url, way);
    streams(() => streaming.url, way);
  }
  recovery(() => recovering.url);
  todo.push(['a refused client is told', async () => {
    const e = await refused(io, full.url, { ...ways.polling, extraHeaders: { 'x-deny': '1' } });
    same(e.description, 403);
  }]);
  todo.push(['the server ends in order, with clients', async () => {
    const sockets = [await opened(io, full.url, ways.polling), await opened(io, full.url, ways.websocket)];
    const gone = Promise.all(sockets.map((s) => once(s, 'disconnect')));
    const code = await full.stop();
    if (code !== 0) throw new Error('status ' + code);
    for (const [why] of await gone) assert.match(why, /^(io server disconnect|transport close|transport error)$/);
  }]);
  process.exit((await run(todo)) === 0 ? 0 : 1);
})();
