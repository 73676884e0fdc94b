// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

// Each operation of the application `cluster`, across two servers that are ours or node's, with
// clients on both: matrix.js ADAPTER SERVER EMITTER.

const assert = require('assert');
const { execFileSync } = require('child_process');
const path = require('path');
const { createClient } = require('redis');
const { Emitter } = require('@socket.io/redis-emitter');
const { run, start } = require('../harness.js');
const { opened, until } = require('./clients.js');
const { later, start_postgres, start_redis } = require('./stores.js');

const [, , adapter, program, emitter] = process.argv;
const key = 'test';

process.exitCode = 1;

const same = assert.deepStrictEqual;
const plain = (x) =>
  x instanceof ArrayBuffer || ArrayBuffer.isView(x) ? 'bytes ' + Buffer.from(x).toString('hex')
    : Array.isArray(x) ? x.map(plain)
    : x && typeof x === 'object' ? Object.fromEntries(Object.entries(x).map(([k, v]) => [k, plain(v)]))
    : x;
const alike = (a, b) => same(plain(a), plain(b));

const start_node = (url) =>
  start(process.execPath, [path.join(__dirname, 'node_server.js'), adapter, url, key]);
const start_ours = (url) =>
  start(program, ['--app', 'cluster', '--cluster', adapter, adapter === 'postgres' ? '--postgres' : '--redis', url,
    '--cluster-key', key,
    '--ping-interval-ms', '25000', '--ping-timeout-ms', '20000', '--connect-timeout-ms', '20000']);

// Waits until a client has got so many events, and no more come.
const gets = async (s, wanted, any_order = false) => {
  await until(() => s.got.length >= wanted.length, `${JSON.stringify(plain(wanted)).slice(0, 200)}, but ${
    JSON.stringify(plain(s.got)).slice(0, 200)}`);
  const got = s.got.splice(0);
  if (any_order) got.sort((x, y) => x[1] - y[1]);
  alike(got, wanted);
};

// Sends a volatile event until a client gets it: one that does not poll just then does not.
const comes_in_the_end = async (s, send, wanted) => {
  await until(async () => {
    await send();
    await later(20);
    return s.got.length;
  }, `${JSON.stringify(wanted)}, volatile`);
  alike(s.got.splice(0)[0], wanted);
};

const cases = [];

const add_cases = (kind, servers, nsp, transports) => {
  const add = (name, body) =>
    cases.push([`${adapter}, ${kind}, ${nsp}, ${transports.join('+')}: ${name}`, async () => {
      const [here, there] = servers();
      const clients = [];
      const open = async (server, query) => {
        const s = await opened(server, nsp, query, transports);
        clients.push(s);
        return s;
      };
      try {
        const a = await open(here, { rooms: 'all,left', name: 'anna' });
        const b = await open(there, { rooms: 'all,right', name: 'ben' });
        const c = await open(there, { rooms: 'all', name: 'carl' });
        // everybody's rooms are known
        await until(async () => {
          await a.ask('bcast', ['right'], [], [], ['warm']);
          await b.ask('bcast', ['left'], [], [], ['warm']);
          await later(30);
          return a.got.length && b.got.length;
        }, 'warm');
        await later(50);
        for (const s of [a, b, c]) s.got.length = 0;
        await body(a, b, c, open, here, there);
      } finally {
        for (const s of clients) s.close();
        // node's sharded adapter stays deaf for a room that is left and joined again at once
        await later(200);
      }
    }]);

  const values = [1, -1.5, 'x\u20ac\ud83d\ude00', null, true, { z: 1, a: [{}] }, 2 ** 53, [],
    Buffer.from([1, 2, 255]), { c: [Buffer.alloc(0), Buffer.alloc(70000, 7)] }];

  add('broadcasts', async (a, b, c) => {
    await a.ask('bcast', [], [], [], ['e', ...values]);
    for (const s of [a, b, c]) await gets(s, [['e', ...values]]);
    await a.ask('bcast', ['right', 'left'], [], [], ['e', 1]);
    await a.ask('bcast', ['all'], ['right'], [], ['e', 2]);
    await a.ask('bcast', [b.id], [], ['compress:false'], ['e', 3]);
    // node's sharded adapter publishes first, and then only tells its own clients
    await until(() => a.got.length >= 2, 'the first two');
    await a.ask('bcast', [], [], ['local'], ['e', 4]);
    await a.ask('bcast', ['nobody'], [], [], ['e', 5]);
    await a.ask('from-me', ['all'], ['e', 6]);
    // node's own clients get what others get only when PostgreSQL has it
    await gets(a, [['e', 1], ['e', 2], ['e', 4]], adapter === 'postgres' && kind === 'node to ours');
    await gets(b, [['e', 1], ['e', 3], ['e', 6]]);
    await gets(c, [['e', 2], ['e', 6]]);
    await comes_in_the_end(b, () => a.ask('bcast', ['right'], [], ['volatile'], ['e', 7]), ['e', 7]);
  });
  add('big ones', async (a, b) => {
    const text = 'y'.repeat(500000);
    const bytes = Buffer.alloc(500000, 9);
    await a.ask('bcast', ['right'], [], [], ['big', text]);
    await a.ask('bcast', ['right'], [], [], ['big', bytes]);
    await gets(b, [['big', text], ['big', bytes]]);
  });
  add('acknowledgements', async (a, b, c) => {
    a.answers = 1;
    b.answers = { b: Buffer.from([7]) };
    c.answers = 'c';
    const got = await a.ask('ask', ['all'], 20000, ['q', 1]);
    same(got[0], null);
    same(got[1].length, 3);
    for (const answer of [1, { b: Buffer.from([7]) }, 'c'])
      assert(plain(got[1]).some((x) => JSON.stringify(x) === JSON.stringify(plain(answer))));
    same(await a.ask('ask', ['nobody'], 20000, ['q']), [null, []]);
    b.answers = undefined;
    const late = await a.ask('ask', ['right', 'left'], 300, ['q']);
    same(late, ['operation has timed out', [1]]);
  });
  add('fetch', async (a, b, c) => {
    const all = await a.ask('fetch', ['all']);
    same(all.length, 3);
    for (const [s, name, rooms] of [[a, 'anna', ['all', 'left']], [b, 'ben', ['all', 'right']],
      [c, 'carl', ['all']]])
      same(all.find((x) => x.id === s.id), { id: s.id, rooms: [s.id, ...rooms].sort(), data: { name }, name });
    same((await a.ask('fetch', ['right'])).map((x) => x.id), [b.id]);
    same(await a.ask('fetch', ['nobody']), []);
  });
  add('join, leave and kick', async (a, b, c) => {
    await a.ask('join', ['all'], ['more', 'most']);
    await until(async () => (await a.ask('fetch', ['more'])).length === 3, 'join');
    await a.ask('bcast', ['more'], [], [], ['e', 1]);
    for (const s of [a, b, c]) await gets(s, [['e', 1]]);
    await a.ask('leave', ['right'], ['more']);
    await until(async () => (await a.ask('fetch', ['more'])).length === 2, 'leave');
    await a.ask('bcast', ['more'], [], [], ['e', 2]);
    for (const s of [a, c]) await gets(s, [['e', 2]]);
    same(b.got, []);
    const gone = [b, c].map((s) => new Promise((resolve) => s.once('disconnect', resolve)));
    await a.ask('kick', ['right'], false);
    same(await gone[0], 'io server disconnect');
    await a.ask('kick', [c.id], true);
    same(await gone[1], 'io server disconnect');
  });
  add('servers tell and ask each other', async (a, b, c) => {
    await a.ask('tell', ['note', { a: [1] }]);
    await gets(b, [['noted', { a: [1] }]]);
    await gets(c, [['noted', { a: [1] }]]);
    same(a.got, []);
    same(await a.ask('poll', ['who', 'x']), [null, ['x', 'x']]);
  });
  add('the order of many events', async (a, b) => {
    const n = 10000;
    const told = [];
    b.offAny();
    b.on('n', (i) => told.push(i));
    for (let i = 0; i < n; i++) a.emit('bcast', ['right'], [], [], ['n', i], () => {});
    await until(() => told.length >= n, () => `${n} events, but ${told.length}`, 60000);
    same(told, Array.from({ length: n }, (_, i) => i));
  });
};

const add_emitters = (kind, servers, url) => {
  const add = (name, body) =>
    cases.push([`redis, ${kind}: ${name}`, async () => {
      const [here] = servers();
      const a = await opened(here, '/', { rooms: 'r,all', name: 'a' }, ['websocket']);
      const b = await opened(here, '/', { rooms: 'all', name: 'b' }, ['websocket']);
      const other = await opened(here, '/other', { rooms: 'all' }, ['websocket']);
      try {
        await body(a, b, other);
      } finally {
        for (const s of [a, b, other]) s.close();
      }
    }]);
  const emit = (...args) =>
    execFileSync(emitter, ['--redis', url(), '--cluster-key', key, ...args], { timeout: 20000 });

  add('our emitter', async (a, b, other) => {
    emit('/', '-', '-', '-', '["e",1,{"$bin":"0102"}]');
    for (const s of [a, b]) await gets(s, [['e', 1, Buffer.from([1, 2])]]);
    emit('/', 'r', '-', 'volatile', '["e",2]');
    await gets(a, [['e', 2]]);
    emit('/', 'all,r', 'r', 'compress:false', '["e",3]');
    await gets(b, [['e', 3]]);
    emit('/other', 'all', '-', '-', '["e",4]');
    await gets(other, [['e', 4]]);
    emit('--op', 'join', '/', 'r', '-', '-', '["x"]');
    emit('/', 'x', '-', '-', '["e",5]');
    await gets(a, [['e', 5]]);
    emit('--op', 'leave', '/', 'r', '-', '-', '["x"]');
    emit('--op', 'tell', '/', '-', '-', '-', '["note",7]');
    for (const s of [a, b]) await gets(s, [['noted', 7]]);
    const gone = new Promise((resolve) => b.once('disconnect', resolve));
    emit('--op', 'kick', '/', b.id, '-', '-', '[true]');
    same(await gone, 'io server disconnect');
    same(a.got, []);
  });
  add("node's emitter", async (a, b, other) => {
    const client = createClient({ url: url() });
    await client.connect();
    const all = new Emitter(client, { key });
    all.emit('e', 1, Buffer.from([1, 2]));
    for (const s of [a, b]) await gets(s, [['e', 1, Buffer.from([1, 2])]]);
    all.to('all').except('r').emit('e', 2);
    all.of('/other').to('all').volatile.emit('e', 3);
    await gets(b, [['e', 2]]);
    await gets(other, [['e', 3]]);
    all.in('r').socketsJoin(['x']);
    all.to('x').emit('e', 4);
    await gets(a, [['e', 4]]);
    all.serverSideEmit('note', 5);
    for (const s of [a, b]) await gets(s, [['noted', 5]]);
    const gone = new Promise((resolve) => b.once('disconnect', resolve));
    all.in(b.id).disconnectSockets(true);
    same(await gone, 'io server disconnect');
    client.destroy();
  });
};

(async () => {
  const { url } = await (adapter === 'postgres' ? start_postgres() : start_redis());
  const ours = [await start_ours(url), await start_ours(url)];
  const node = await start_node(url);
  const kinds = [
    ['ours to ours', () => ours],
    ['ours to node', () => [ours[0], node]],
    ['node to ours', () => [node, ours[0]]],
  ];
  for (const transports of [['websocket'], ['polling']])
    for (const nsp of ['/', '/other'])
      for (const [kind, servers] of kinds) add_cases(kind, servers, nsp, transports);
  if (adapter === 'redis') {
    add_emitters('ours', () => [ours[0]], () => url);
    add_emitters('node', () => [node], () => url);
  }
  const failed = await run(cases);
  for (const s of [...ours, node]) s.stop();
  process.exit(failed === 0 ? 0 : 1);
})();
