// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

// What becomes of a cluster when its store, or one of its servers, is killed, stands still, goes or is
// not there yet: faults.js ADAPTER SERVER;
// with HTTPHOOKS_LONG in the environment, for longer, too.

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const { run, start } = require('../harness.js');
const { opened, until } = require('./clients.js');
const { later, start_postgres, start_redis, start_redis_cluster } = require('./stores.js');

const [, , adapter, program] = process.argv;
const over_postgres = adapter === 'postgres';
const over_streams = adapter === 'redis-streams';

process.exitCode = 1;

const same = assert.deepStrictEqual;

// A server, ours or node's, of the cluster with a key.
const start_ours = (url, key, ...more) =>
  start(program, ['--app', 'cluster', '--cluster', adapter, over_postgres ? '--postgres' : '--redis', url,
    '--cluster-key', key, '--ping-interval-ms', '25000', '--ping-timeout-ms', '60000',
    '--connect-timeout-ms', '20000', ...more], 'pipe');
const start_node = (url, key) =>
  start(process.execPath, [path.join(__dirname, 'node_server.js'), adapter, url, key], 'pipe');

// Whether our servers are slower, and have memory that is a sanitizer's.
const sanitized = Boolean(process.env.HTTPHOOKS_SANITIZED);

// How many kB of memory a server has.
const memory = (server) =>
  Number(/VmRSS:\s*(\d+)/.exec(fs.readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))[1]);

// Nothing has come twice, or in another order.
const in_order = (got) => {
  const at = got.findIndex((n, i) => i > 0 && got[i - 1] >= n);
  assert(at < 0, `twice, or not in order: ... ${got.slice(Math.max(at - 4, 0), at + 4)} ...`);
};

// Emits numbers to all, until it is stopped.
class Load {
  constructor(client, name) {
    Object.assign(this, { client, name, sent: 0 });
    this.timer = setInterval(() => client.emit('bcast', ['all'], [], [], ['n', name, this.sent++]), 10);
  }
  // What a client has got of it.
  at(client) { return client.got.filter((e) => e[0] === 'n' && e[1] === this.name).map((e) => e[2]); }
  last(client) { return this.at(client).at(-1) ?? -1; }
  // Ends; the last one reaches all clients, and none of them has got anything twice, or in another order.
  // Its own has got all.
  async stop(...others) {
    clearInterval(this.timer);
    for (const client of [this.client, ...others]) {
      await until(() => this.last(client) === this.sent - 1,
        () => `the last of ${this.sent} of ${this.name}, but ${this.last(client)}`);
      const got = this.at(client);
      in_order(got);
    }
    same(this.at(this.client).length, this.sent);
  }
}

// Cases of a group run one after another, over a store that is theirs, and groups beside each other.
class Group {
  constructor() { this.cases = []; }
  async store() { return (this.its_store ??= await (over_postgres ? start_postgres() : start_redis())); }
}
const of_stores = new Group();
const of_servers = new Group();
let number = 0;

// BODY gets what starts servers of a cluster of its own, and what opens clients.
const add = (group, name, body) =>
  group.cases.push([`${adapter}: ${name}`, async () => {
    const key = `test${number++}`;
    const servers = [];
    const clients = [];
    const loads = [];
    const t = {
      key,
      store: () => group.store(),
      start: async (url, ...more) => {
        const s = await start_ours(url, key, ...more);
        s.said = '';
        s.child.stderr.on('data', (text) => (s.said += text));
        servers.push(s);
        return s;
      },
      start_node: async (url) => {
        const s = await start_node(url, key);
        s.said = '';
        s.child.stderr.on('data', (text) => (s.said += text));
        servers.push(s);
        return s;
      },
      open: async (server, rooms = 'all') => {
        const s = await opened(server, '/', { rooms, name: 'x' }, ['websocket']);
        clients.push(s);
        return s;
      },
      load: (client, as) => {
        const l = new Load(client, as);
        loads.push(l);
        return l;
      },
    };
    try {
      await body(t);
    } finally {
      for (const l of loads) clearInterval(l.timer);
      for (const s of clients) s.close();
      for (const s of servers) s.child.kill('SIGKILL');
    }
  }]);

// Waits until what each client sends reaches all, and each of OURS is answered by all others.
const meet = async (ours, all = ours, ms = 10000) => {
  let round = 0;
  for (const a of all) {
    const seen = (b) => b.got.some((e) => e[0] === 'hello' && e[1] === a.id);
    await until(async () => {
      await a.ask('bcast', ['all'], [], [], ['hello', a.id, round++]);
      await later(10);
      return all.every(seen);
    }, 'events cross', ms);
  }
  const expected = [null, Array(all.length - 1).fill('x')];
  for (const a of ours) {
    let got;
    await until(async () => {
      got = await a.ask('poll', ['who', 'x']);
      return JSON.stringify(got) === JSON.stringify(expected);
    }, () => `answers, but ${JSON.stringify(got)}`, ms);
  }
  for (const a of all) a.got.length = 0;
};

// Asks others; how long that took is in `ms`.
const timed = async (client, ...args) => {
  const from = Date.now();
  const got = await client.ask(...args);
  return { got, ms: Date.now() - from };
};

// Sends 30 MB for others, which are bounded when they wait, or what a slower server takes in that time; resolves with
// how many kB do.
const flood = async (client, server) => {
  const before = memory(server);
  const large = 'y'.repeat(100000);
  for (let i = 0; i < (sanitized ? 30 : 300); i++) client.emit('bcast', ['elsewhere'], [], [], ['large', large]);
  await client.ask('bcast', ['elsewhere'], [], [], ['large', large]);
  const more = memory(server) - before;
  if (!sanitized) assert(more < (over_postgres ? 26000 : 18000), `${more} kB of 30,000 wait`);
  return more;
};

const kill_store = async (t, ...how) => {
  const s = await t.store();
  const servers = [await t.start(s.url, ...how), await t.start(s.url, ...how)];
  const ours = [await t.open(servers[0]), await t.open(servers[1])];
  // node's servers end when PostgreSQL does
  const all = over_postgres ? ours : [...ours, await t.open(await t.start_node(s.url))];
  await meet(ours, all);
  const [a, b] = ours;
  const loads = ours.map((client, i) => t.load(client, 'ab'[i]));
  await until(() => loads.every((l) => all.every((client) => l.last(client) > 20)), 'events under load');

  await s.kill();
  // what is for own clients reaches them meanwhile
  const until_own = loads.map((l) => l.sent + 100);
  await until(() => loads.every((l, i) => l.last(l.client) > until_own[i]), 'own events without the store');
  const asked = await timed(a, 'poll', ['who', 'x']);
  assert(asked.got[0] !== null, 'an error');
  same(asked.got[1], []);
  assert(asked.ms < 2000, `the answer came after ${asked.ms} ms`);
  const more = await flood(a, servers[0]);

  await s.start();
  const back = Date.now();
  const from = loads.map((l) => l.sent);
  await until(() => loads.every((l, i) => ours.every((client) => l.last(client) >= from[i])),
    'events cross again', sanitized ? 20000 : 5000);
  console.log(`        crossing again after ${Date.now() - back} ms; ${more} kB more without the store`);
  await until(() => loads.every((l, i) => all.every((client) => l.last(client) >= from[i])), 'at node');
  for (const l of loads) await l.stop(...all.filter((client) => client !== l.client));
  await meet(ours, all);
};
add(of_stores, 'the store is killed under load, and started again', (t) => kill_store(t));
// events come to own clients by way of the stream, but while it is away
if (over_streams)
  add(of_stores, 'the store is killed under load, and started again, with recovery', (t) => kill_store(t, '--recovery'));

add(of_stores, 'the store is absent at the start', async (t) => {
  const s = await t.store();
  await s.kill();
  const servers = [await t.start(s.url), await t.start(s.url)];
  const ours = [await t.open(servers[0]), await t.open(servers[1])];
  const [a, b] = ours;
  await a.ask('bcast', ['all'], [], [], ['e', 1]);
  await until(() => a.got.length === 1, 'the own event');
  const asked = await timed(a, 'poll', ['who', 'x']);
  assert(asked.got[0] !== null && asked.ms < 2000);
  same(await a.ask('bcast', [], [], [], ['e', 2]), null);
  await s.start();
  const back = Date.now();
  await until(async () => {
    await a.ask('bcast', [b.id], [], [], ['over']);
    return b.got.some((e) => e[0] === 'over');
  }, 'events cross', 5000);
  console.log(`        crossing after ${Date.now() - back} ms`);
  await meet(ours);
});

add(of_stores, 'who may not log in serves its own clients, and is of the cluster when it may', async (t) => {
  const s = over_postgres ? await t.store() : await start_redis('--requirepass', 'right');
  const with_password = (word) => s.url.replace('//', `//:${word}@`);
  const url = over_postgres ? s.url.replace('tester@', 'late@') : with_password('wrong');
  const servers = [await t.start(url), await t.start(over_postgres ? s.url : with_password('right'))];
  const ours = [await t.open(servers[0]), await t.open(servers[1])];
  const [a] = ours;
  await a.ask('bcast', ['all'], [], [], ['e', 1]);
  await until(() => a.got.length === 1, 'the own event');
  const asked = await timed(a, 'poll', ['who', 'x']);
  assert(asked.got[0] !== null && asked.ms < 2000);
  await until(() => servers[0].said !== '', 'the application is told');
  if (over_postgres) {
    s.ask('CREATE ROLE late LOGIN SUPERUSER');
  } else {
    await s.ask('AUTH', 'right', '\r\nCONFIG', 'SET', 'requirepass', 'wrong');
  }
  await meet(ours);
  if (!over_postgres) await s.kill();
});

add(of_stores, 'the store stands still', async (t) => {
  const s = await t.store();
  const servers = [await t.start(s.url, '--requests-timeout-ms', '500'), await t.start(s.url)];
  const ours = [await t.open(servers[0]), await t.open(servers[1])];
  await meet(ours);
  const loads = ours.map((client, i) => t.load(client, 'ab'[i]));
  await until(() => loads.every((l) => ours.every((client) => l.last(client) > 20)), 'events under load');
  s.pause();
  try {
    const until_own = loads.map((l) => l.sent + 50);
    const asked = await timed(ours[0], 'poll', ['who', 'x']);
    assert(asked.got[0] !== null && asked.ms < 3000, `${JSON.stringify(asked)}`);
    await until(() => loads.every((l, i) => l.last(l.client) > until_own[i]), 'own events meanwhile');
  } finally {
    s.resume();
  }
  for (const l of loads) {
    const other = ours.find((client) => client !== l.client);
    await l.stop(other);
    same(l.at(other).length, l.sent);  // it was away for less than anybody gives up
  }
  await meet(ours);
});

add(of_servers, 'a server is killed', async (t) => {
  const s = await t.store();
  const how = ['--requests-timeout-ms', '2000'];
  if (over_postgres) how.push('--cluster-heartbeat-ms', '500', '--cluster-timeout-ms', '1500');
  const servers = [];
  for (let i = 0; i < 3; i++) servers.push(await t.start(s.url, ...how));
  const ours = [];
  for (const each of servers) ours.push(await t.open(each));
  const [a, b] = ours;
  await meet(ours);
  servers[2].child.kill('SIGKILL');
  const from = Date.now();
  await until(async () => JSON.stringify(await a.ask('poll', ['who', 'x'])) === '[null,["x"]]', 'one answer');
  const ms = Date.now() - from;
  // PostgreSQL's are known by what they say; what asks when it is killed may wait for it
  assert(ms < 5000, `after ${ms} ms`);
  console.log(`        forgotten after ${ms} ms`);
  for (const each of [a, b]) {
    const asked = await timed(each, 'fetch', []);
    same(asked.got.map((x) => x.id).sort(), [a.id, b.id].sort());
    assert(asked.ms < 1000);
  }
  // another takes its place
  ours[2] = await t.open(await t.start(s.url, ...how));
  await meet(ours);
});

const pause_for = async (t, third, ms, patience, how) => {
  const s = await t.store();
  const servers = [];
  for (let i = 0; i < 2; i++)
    servers.push(await t.start(s.url, '--requests-timeout-ms', String(patience), ...how));
  servers.push(await t[third](s.url, ...how));
  const ours = [];
  for (const each of servers) ours.push(await t.open(each));
  const [a, b, c] = ours;
  await meet([a, b], ours);
  const load = t.load(a, 'a');
  await until(() => load.last(c) > 20, 'events under load');
  const paused = Date.now();
  servers[2].child.kill('SIGSTOP');
  try {
    // it costs one time-out, with what the others have answered
    const first = await timed(a, 'poll', ['who', 'x']);
    same(first.got[1], ['x']);
    assert(over_postgres || first.got[0] !== null, 'an error');
    assert(first.ms < patience + 1500, `the answer came after ${first.ms} ms`);
    await until(async () => {
      const next = await timed(a, 'fetch', []);
      return Array.isArray(next.got) && next.got.length === 2 && next.ms < patience / 2;
    }, 'answers without it', patience * 3 + 15000);
    const next = await timed(a, 'poll', ['who', 'x']);
    same(next.got, [null, ['x']]);
    assert(next.ms < patience / 2, `${next.ms} ms`);
    while (Date.now() - paused < ms) await later(50);
  } finally {
    servers[2].child.kill('SIGCONT');
  }
  await load.stop(b, c);
  same(load.at(b).length, load.sent);
  same(load.at(c).length, load.sent);
  await meet([a, b], ours);
};
add(of_servers, 'a server stands still', (t) =>
  pause_for(t, 'start', 2000, 1000, over_postgres ? ['--cluster-heartbeat-ms', '400', '--cluster-timeout-ms', '1500'] : []));
// node's servers over PostgreSQL say every five seconds that they are there
if (!over_postgres)
  add(of_servers, "a server of node's stands still", (t) => pause_for(t, 'start_node', 2000, 1000, []));
if (process.env.HTTPHOOKS_LONG)
  for (const third of ['start', 'start_node'])
    add(of_servers, `a server stands still for twenty seconds, ${third}`, (t) => pause_for(t, third, 20000, 5000, []));

// The classic one has no word for it: what waits for a server that goes waits in vain.
if (adapter !== 'redis')
  add(of_servers, 'nobody waits for a server that goes', async (t) => {
    const s = await t.store();
    const a = await t.open(await t.start(s.url, '--requests-timeout-ms', '20000'));
    // node's servers over PostgreSQL may not know the others for five seconds
    const b = await t.open(await (over_postgres ? t.start(s.url) : t.start_node(s.url)));
    for (let round = 0; round < 5; round++) {
      const goes = await t.start(s.url);
      const c = await t.open(goes);
      await meet([a, c], [a, b, c]);
      const pending = [];
      let ended = false;
      const gone = goes.stop().then((status) => {
        ended = true;
        return status;
      });
      while (!ended) {
        pending.push(timed(a, 'poll', ['who', 'x']));
        await later(2);
      }
      same(await gone, 0);
      for (const each of await Promise.all(pending)) {
        same(each.got[0], null);
        assert(each.ms < 3000, `${each.ms} ms`);
      }
      const last = await timed(a, 'poll', ['who', 'x']);
      same(last.got, [null, ['x']]);
      assert(last.ms < 3000, `${last.ms} ms`);
    }
  });

if (over_streams)
  add(of_servers, 'what was trimmed before it was read is told, and reading goes on', async (t) => {
    const s = await t.store();
    const servers = [await t.start(s.url, '--stream-max-len', '10'), await t.start(s.url, '--stream-max-len', '10')];
    const ours = [await t.open(servers[0]), await t.open(servers[1])];
    const [a, b] = ours;
    await meet(ours);
    servers[1].child.kill('SIGSTOP');
    for (let i = 0; i < 1000; i++) a.emit('bcast', ['all'], [], [], ['n', 'a', i]);
    await a.ask('bcast', ['all'], [], [], ['n', 'a', 1000]);
    await until(async () => Number(/:(\d+)/.exec(await s.ask('XLEN', t.key))[1]) < 300, 'the stream is trimmed');
    servers[1].child.kill('SIGCONT');
    await until(() => b.got.length && b.got.at(-1)[2] === 1000, 'the last event');
    const got = b.got.map((e) => e[2]);
    assert(got.length < 1000, 'it was trimmed');
    in_order(got);
    await until(() => /missed/.test(servers[1].said), () => `it is told, but ${servers[1].said}`);
    await meet(ours);
  });

// Channels and streams of a cluster of Redis are on the node of their slot.
if (adapter === 'redis-sharded' || over_streams)
  add(of_stores, 'over a cluster of three Redis, of which one is away for a while', async (t) => {
    const nodes = await start_redis_cluster();
    const how = over_streams ? ['--stream-sharded'] : [];
    const servers = [await t.start(nodes[0].url, ...how), await t.start(nodes[1].url, ...how)];
    const ours = [await t.open(servers[0]), await t.open(servers[1])];
    const [a, b] = ours;
    await meet(ours);
    const rooms = Array.from({ length: 20 }, (_, i) => `room ${i}`);
    await a.ask('join', [b.id], rooms);
    await until(async () => (await a.ask('fetch', [rooms[19]])).length === 1, 'the rooms');
    for (const room of rooms) await a.ask('bcast', [room], [], [], ['e', room]);
    await until(() => b.got.length === rooms.length, () => `${JSON.stringify(b.got)}`);
    same(b.got.map((e) => e[1]).sort(), [...rooms].sort());
    same((await a.ask('fetch', [])).length, 2);
    a.answers = 1;
    b.answers = 2;
    same(await b.ask('ask', ['all'], 10000, ['q']), [null, [1, 2]]);
    a.got.length = b.got.length = 0;

    await nodes[2].kill();
    await a.ask('bcast', ['all'], [], [], ['own']);
    await until(() => a.got.some((e) => e[0] === 'own'), 'own events meanwhile');
    await nodes[2].start();
    await until(async () => {
      for (const room of rooms) await a.ask('bcast', [room], [], [], ['f', room]);
      await later(100);
      return rooms.every((room) => b.got.some((e) => e[0] === 'f' && e[1] === room));
    }, 'all rooms again', 20000);
    await meet(ours);
    for (const node of nodes) await node.kill();
  });

(async () => {
  const failed = await Promise.all([run(of_stores.cases), run(of_servers.cases)]);
  process.exit(failed.every((n) => n === 0) ? 0 : 1);
})();
