// Distributed under the Boost Software License, Version 1.0. See LICENSE.
//
// matrix.js CLUSTER SERVER OPTION...: two servers of a cluster, ours or node's, and the real client on
// both; the options say where the store is.
'use strict';

const assert = require('assert');
const { io } = require('socket.io-client');
const { run, start } = require('../harness.js');

const [cluster, program, ...where] = process.argv.slice(2);
const options = ['--cluster', cluster, ...where];
// Node's adapter sends over several connections, so nobody gets its events in their order.
const keeps_order = (sender) => sender === 'ours' || cluster !== 'postgres';

const servers = {
  ours: () => start(program, ['--app', 'cluster', '--ping-interval-ms', '60000', ...options]),
  node: () => start(process.execPath, [require.resolve('./node_server.js'), ...options]),
};

class Client {
  constructor(server, transport, query, nsp = '/') {
    this.events = [];
    this.wakers = [];
    this.socket = io(server.url + nsp, { transports: [transport], query, forceNew: true });
    this.socket.onAny((...event) => {
      if (typeof event[event.length - 1] === 'function') {
        const answer = event.pop();
        answer(query.name + ' ' + event[1]);
      }
      this.events.push(event);
      for (const wake of this.wakers.splice(0)) wake();
    });
    this.closed = new Promise((done) => this.socket.on('disconnect', done));
  }
  ask(...args) {
    return this.socket.timeout(30000).emitWithAck(...args);
  }
  async next() {
    while (!this.events.length) await new Promise((wake) => this.wakers.push(wake));
    return this.events.shift();
  }
  get id() {
    return this.socket.id;
  }
}

const eventually = async (condition) => {
  for (const until = Date.now() + 30000; ; await new Promise((r) => setTimeout(r, 50))) {
    if (await condition()) return;
    assert(Date.now() < until, 'it never came');
  }
};

async function with_cluster(first, second, transport, body) {
  const a = await servers[first]();
  const b = await servers[second]();
  const c = {
    here: new Client(a, transport, { rooms: 'ab,all', name: 'here' }),
    there: new Client(b, transport, { rooms: 'ab,all', name: 'there' }),
    far: new Client(b, transport, { rooms: 'all', name: 'far' }),
    other: new Client(b, transport, { rooms: 'all', name: 'other' }, '/other'),
    nearby: new Client(a, transport, { rooms: 'all', name: 'nearby' }, '/other'),
  };
  for (const each of Object.values(c)) assert.equal((await each.next())[0], 'ready');
  for (const each of Object.values(c))
    await eventually(async () => (await each.ask('poll', ['who', 1]))[1].length === 1);
  try {
    await body(c);
  } finally {
    for (const each of Object.values(c)) each.socket.close();
    assert.deepEqual([await a.stop(), await b.stop()], [0, 0]);
  }
}

// Who of the clients of the namespace / gets an event as the next one.
async function who(c, event) {
  await c.here.ask('bcast', [], [], [], ['mark']);
  let got = '';
  for (const name of ['here', 'there', 'far']) {
    let next = await c[name].next();
    if (next[0] !== 'mark') {
      assert.deepEqual(next, event);
      got += name + ' ';
      next = await c[name].next();
    }
    assert.deepEqual(next, ['mark']);
  }
  return got.trim();
}

async function operations(c) {
  const send = async (rooms, except, flags, event) => {
    assert.equal(await c.here.ask('bcast', rooms, except, flags, event), null);
    return who(c, event);
  };
  const everybody = 'here there far';
  assert.equal(await send([], [], [], ['e', 1, { a: [true, null] }, 'ü']), everybody);
  assert.equal(await send(['ab'], [], ['compress:false'], ['e', 2]), 'here there');
  assert.equal(await send(['all'], ['ab'], ['volatile'], ['e', 3]), 'far');
  assert.equal(await send([], [], ['local'], ['e', 4]), 'here');
  assert.equal(await send([c.there.id], [], [], ['e', 5]), 'there');
  const bytes = Buffer.from([0, 1, 2, 255]);
  assert.equal(await send([], [], [], ['b', { deep: [bytes] }, bytes]), everybody);
  assert.equal(await send([], [], [], ['large', 'x'.repeat(500000)]), everybody);
  assert.equal(await send(['all'], [], [], ['large', Buffer.alloc(500000, 7)]), everybody);
  await c.here.ask('from-me', ['all'], ['e', 6]);
  assert.equal(await who(c, ['e', 6]), 'there far');

  const all = ['far 7', 'here 7', 'there 7'];
  assert.deepEqual(await c.here.ask('ask', ['all'], 20000, ['q', 7]), [null, all]);
  assert.deepEqual(await c.there.ask('ask', [], 20000, ['q', 7]), [null, all]);
  for (const name of ['here', 'there', 'far'])
    for (let i = 0; i < 2; i++) assert.deepEqual(await c[name].next(), ['q', 7]);

  const found = await c.here.ask('fetch', ['ab']);
  assert.deepEqual(
    found,
    ['here', 'there']
      .map((name) => ({
        id: c[name].id,
        rooms: [c[name].id, 'ab', 'all'].sort(),
        data: { name },
        name,
      }))
      .sort((x, y) => (x.id < y.id ? -1 : 1)),
  );
  await c.here.ask('join', [c.far.id], ['new', 'newer']);
  await eventually(async () => (await c.there.ask('ids', ['new'])).length === 1);
  await c.here.ask('leave', ['all'], ['newer']);
  await eventually(async () => (await c.there.ask('ids', ['newer'])).length === 0);
  assert.deepEqual(await c.here.ask('ids', ['new']), [c.far.id]);

  assert.deepEqual(await c.here.ask('poll', ['who', { x: 1 }]), [null, [{ x: 1 }]]);
  await c.here.ask('tell', ['note', 8]);
  assert.deepEqual(await c.there.next(), ['noted', 8]);
  assert.deepEqual(await c.far.next(), ['noted', 8]);
  await c.here.ask('bcast', [], [], [], ['mark']);
  for (const name of ['here', 'there', 'far']) assert.deepEqual(await c[name].next(), ['mark']);

  await c.nearby.ask('bcast', [], [], [], ['e', 9]);
  assert.deepEqual(await c.other.next(), ['e', 9]);
  assert.equal(await who(c, ['nothing']), '');

  await c.here.ask('kick', [c.far.id], false);
  assert.equal(await c.far.closed, 'io server disconnect');
  await c.here.ask('kick', ['ab'], true);
  await Promise.all([c.here.closed, c.there.closed]);
}

// Many events, some of which are large or have bytes, in their order.
async function order(c, sender, count) {
  const large = 'x'.repeat(9000);
  const bytes = Buffer.from([1, 2, 3]);
  for (let i = 0; i < count; i++) {
    const more = i % 50 === 10 ? large : i % 50 === 20 ? bytes : 0;
    c.here.socket.emit('bcast', ['ab'], [], [], ['n', i, more]);
  }
  const got = [];
  for (let i = 0; i < count; i++) {
    const [name, n, more] = await c.there.next();
    assert.equal(name, 'n');
    if (n % 50 === 10) assert.equal(more, large);
    if (n % 50 === 20) assert.deepEqual(more, bytes);
    got.push(n);
  }
  if (!keeps_order(sender)) got.sort((x, y) => x - y);
  assert.deepEqual(got, [...Array(count).keys()]);
}

const cases = [];
for (const [first, second] of [['ours', 'ours'], ['ours', 'node'], ['node', 'ours']])
  for (const transport of ['polling', 'websocket']) {
    const title = `${cluster}, ${first} and ${second}, ${transport}: `;
    const add = (what, body) =>
      cases.push([title + what, () => with_cluster(first, second, transport, body)]);
    add('operations', operations);
    add('order', (c) => order(c, first, transport === 'polling' ? 1000 : 10000));
  }

run(cases).then((failed) => process.exit(failed === 0 ? 0 : 1));
