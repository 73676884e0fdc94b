// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const assert = require('assert');
const fs = require('fs');
const http = require('http');
const { Socket: EngineIO } = require('engine.io-client');
const SockJS = require('sockjs-client');
const { io } = require('socket.io-client');
const cases = require('../sockjs_client/cases.js');
const servers_of = require('../harness.js');
const proxy = require('./proxy.js');

const [kind, program] = process.argv.slice(2);
const has_redis = process.env.PATH.split(':').some((p) => fs.existsSync(p + '/redis-server'));
process.exitCode = 1;

const same = assert.deepStrictEqual;

// So many that chance gives all of them to one of two servers once in a thousand million times.
const many = 32;
// Clients with addresses of their own.
const addresses = [...Array(many)].map((_, i) => '127.0.0.' + (2 + i));
const some = addresses.slice(0, 6);
const from = (address) => new http.Agent({ localAddress: address });

const get = (url, options) =>
  new Promise((resolve, reject) => {
    http.get(url, options, (response) => {
      let body = '';
      response.on('data', (data) => (body += data));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    }).on('error', reject);
  });

// The name of the server that a SockJS session is with.
const server_of = (url, transport) =>
  new Promise((resolve, reject) => {
    const socket = new SockJS(url + '/hooks', null, { transports: [transport], timeout: 10000 });
    socket.onopen = () => socket.send(JSON.stringify({ method: 'GET', url: '/who', headers: {} }));
    socket.onmessage = (e) => {
      resolve(JSON.parse(JSON.parse(e.data).content).name);
      socket.close();
    };
    socket.onclose = (e) => reject(new Error(`closed: ${e.code} ${e.reason}`));
  });

// The transports that only browsers have: opens a session, sends a message, and reads until it is back.
const script_transport = (url, transport, session) =>
  new Promise((resolve, reject) => {
    const at = `${url}/echo/000/${session}/`;
    const send = () =>
      http.request(at + 'jsonp_send', { method: 'POST' }, (response) => {
        response.resume();
        if (response.statusCode !== 200) reject(new Error('it was sent: ' + response.statusCode));
      }).on('error', reject).end('["hello"]');
    let text = '';
    const read = () =>
      http.get(at + transport + '?c=callback', { agent: false }, (response) => {
        if (response.statusCode !== 200) reject(new Error('status ' + response.statusCode));
        response.on('data', (data) => {
          const was_open = text.includes('("o")');
          text += data;
          if (!was_open && text.includes('("o")')) send();
          if (!text.includes('hello')) return;
          resolve();
          response.destroy();
        });
        response.on('end', read);
      }).on('error', reject);
    read();
  });

const ways = {
  polling: { transports: ['polling'] },
  websocket: { transports: ['websocket'] },
  upgrade: { transports: ['polling', 'websocket'] },
};

const ask = (socket, event, ...args) =>
  new Promise((resolve) => socket.emit(event, ...args, (...back) => resolve(back)));

const engineio_echo = (url, way, address) =>
  new Promise((resolve, reject) => {
    const socket = new EngineIO(url, { path: '/engine.io/', agent: from(address), ...ways[way] });
    const expected = ['plain', '\u20ac\ud83d\ude00', 'x'.repeat(100000), 'last'];
    const send = () => expected.slice().forEach((m) => socket.send(m));
    if (way === 'upgrade') socket.once('upgrade', send);
    else socket.once('open', send);
    socket.on('message', (data) => {
      if (data !== expected.shift()) reject(new Error('got ' + data.slice(0, 60)));
      if (expected.length > 0) return;
      resolve();
      socket.close();
    });
    socket.once('error', (e) => reject(new Error(`${e.message}: ${e.description}`)));
    socket.once('close', (why) => reject(new Error('closed: ' + why)));
  });

// Resolves with the name of the server that the client was with.
const socketio_talk = (url, way, address) =>
  new Promise((resolve, reject) => {
    const options = { agent: from(address), forceNew: true, reconnection: false, ...ways[way] };
    const socket = io(url, options);
    const end = (settle, value) => {
      socket.off('disconnect');
      socket.close();
      settle(value);
    };
    socket.once('connect_error', (e) => end(reject, new Error(`${e.message}: ${e.description}`)));
    socket.once('disconnect', (why) => end(reject, new Error('disconnected: ' + why)));
    const talk = async () => {
      const bytes = Buffer.from([0, 255]);
      const [n, same_bytes, object] = await ask(socket, 'echo', 1, bytes, { a: ['\u20ac'] });
      same([n, Buffer.from(same_bytes), object], [1, bytes, { a: ['\u20ac'] }]);
      const [reply] = await ask(socket, 'request', { method: 'GET', url: '/who', headers: {} });
      const { name, client } = JSON.parse(reply.content);
      same(client, address);
      return name;
    };
    const begin = () => talk().then((name) => end(resolve, name), (e) => end(reject, e));
    socket.once('connect', () => {
      const { engine } = socket.io;
      if (way === 'upgrade' && engine.transport.name !== 'websocket') engine.once('upgrade', begin);
      else begin();
    });
  });

// A client of the cluster, and the names of the events that it has got.
const join = (url, address) =>
  new Promise((resolve, reject) => {
    const socket = io(url, { agent: from(address), forceNew: true, reconnection: false, ...ways.upgrade });
    const heard = [];
    socket.onAny((event) => {
      heard.push(event);
      if (event === 'ready') resolve({ socket, heard });
    });
    socket.once('connect_error', reject);
  });

// Waits until an attempt gives true: the servers know each other a moment after they have started.
const eventually = async (attempt) => {
  for (let i = 0; i < 100; i++) {
    if (await attempt()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail('it does not come');
};

// Whether one of the promises that `make` gives, one after the other, is rejected. Each of them is by
// chance, about every second time.
const fails_at_times = async (make) => {
  for (let i = 0; i < many; i++)
    try {
      await make();
    } catch {
      return true;
    }
  return false;
};

(async () => {
  const calm = ['--ping-interval-ms', '25000', '--ping-timeout-ms', '20000',
    '--connect-timeout-ms', '20000'];
  const servers = await Promise.all(
    ['a', 'b'].map((name) =>
      servers_of.start(program, [
        '--name', name, '--app', 'full', '--threads', '2', '--cookie', '--trusted-proxy', '127.0.0.1',
        ...calm,
      ])
    )
  );
  const sticky = await proxy.start(kind, servers);
  const loose = await proxy.start(kind, servers, false);
  const todo = [];

  todo.push(['the servers are told who asks, and how, whatever clients claim', async () => {
    const claims = { forwarded: 'for=6.6.6.6', 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https' };
    const { body } = await get(sticky + '/who', { agent: from(addresses[0]), headers: claims });
    const { client, scheme } = JSON.parse(body);
    same([client, scheme], [addresses[0], 'http']);
  }]);
  todo.push(['connections may be silent for longer than heartbeats take', async () => {
    const timeout = /^ *(?:proxy_\w+_|)timeout (?:client |server |tunnel |)(\d+)s;?$/gm;
    const times = [...proxy.configuration(kind).matchAll(timeout)].map((m) => Number(m[1]));
    assert.ok(times.length >= 2 && times.every((t) => t > 45), String(times));
  }]);

  todo.push(['clients are shared out', async () => {
    const replies = await Promise.all(addresses.map((a) => get(sticky + '/who', { agent: from(a) })));
    same([...new Set(replies.map(({ body }) => JSON.parse(body).name))].sort(), ['a', 'b']);
  }]);

  const transports = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling'];
  for (const transport of [...transports, null])
    for (const name of cases.names)
      todo.push([`SockJS: ${name} over ${transport || 'what the client picks'}`,
        () => cases[name](SockJS, sticky, transport)]);
  for (const transport of transports)
    todo.push([`SockJS: sessions of ${transport} are shared out`, async () => {
      const used = await Promise.all(addresses.map(() => server_of(sticky, transport)));
      same([...new Set(used)].sort(), ['a', 'b']);
    }]);
  for (const transport of ['jsonp', 'htmlfile'])
    todo.push([`SockJS: messages over ${transport}`, () =>
      Promise.all(some.map((_, i) => script_transport(sticky, transport, transport + i)))]);
  for (const transport of ['xhr-streaming', 'eventsource', 'xhr-polling'])
    todo.push([`SockJS: without its server a session of ${transport} fails`, async () => {
      assert.ok(await fails_at_times(() => server_of(loose, transport)));
    }]);

  for (const [protocol, talk] of [['Engine.IO', engineio_echo], ['Socket.IO', socketio_talk]]) {
    for (const way of Object.keys(ways))
      todo.push([`${protocol}: clients of ${some.length} addresses, ${way}`, () =>
        Promise.all(some.map((address) => talk(sticky, way, address)))]);
    todo.push([`${protocol}: without its server a session fails`, async () => {
      assert.ok(await fails_at_times(() => talk(loose, 'polling', addresses[0])));
    }]);
  }

  todo.push(['Socket.IO: clients are shared out', async () => {
    const used = await Promise.all(addresses.map((a) => socketio_talk(sticky, 'polling', a)));
    same([...new Set(used)].sort(), ['a', 'b']);
  }]);

  // Redis may be missing, as the proxy may: then the servers know nothing of each other.
  if (has_redis) {
    const redis = await proxy.start_redis();
    const cluster = await Promise.all(
      ['a', 'b'].map(() =>
        servers_of.start(program, [
          '--app', 'cluster', '--cluster', 'redis-sharded', '--redis', redis, '--cookie', ...calm,
        ])
      )
    );
    servers.push(...cluster);
    const url = await proxy.start(kind, cluster);
    todo.push(['Socket.IO: broadcasts reach the clients of both servers', async () => {
      const members = await Promise.all(addresses.map((a) => join(url, a)));
      const heard = (event) => members.filter((m) => m.heard.includes(event)).length;
      await ask(members[0].socket, 'bcast', [], [], ['local'], ['here']);
      await eventually(async () => {
        await ask(members[0].socket, 'bcast', [], [], [], ['everywhere']);
        return heard('everywhere') === many;
      });
      assert.ok(heard('here') > 0 && heard('here') < many, `${heard('here')} are with one server`);
      members.forEach(({ socket }) => socket.close());
    }]);
  }

  for (const server of servers)
    todo.push(['a server ends in order', async () => same(await server.stop(), 0)]);
  process.exit((await servers_of.run(todo)) === 0 ? 0 : 1);
})();
