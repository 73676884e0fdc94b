// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

// A server of node with the application `cluster`: node_server.js ADAPTER URL KEY; prints
// "listening on http://127.0.0.1:PORT".

const { createServer } = require('http');
const { Server } = require('socket.io');
const { createClient } = require('redis');
const { createAdapter, createShardedAdapter } = require('@socket.io/redis-adapter');
const streams = require('@socket.io/redis-streams-adapter');
const { Pool } = require('pg');
const postgres = require('@socket.io/postgres-adapter');

const [, , adapter, url, key] = process.argv;

const text = (e) => (e ? e.message : null);
const sorted = (all) => [...all].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

const serve = (nsp) => {
  nsp.on('connection', (socket) => {
    const { rooms, name } = socket.handshake.query;
    socket.join((rooms || '').split(',').filter((room) => room));
    socket.data = { name: name === undefined ? null : name };
    const on = (event, f) =>
      socket.on(event, (...args) => {
        const ack = args.pop();
        f(ack, ...args);
      });
    const to = (rooms) => (rooms.length ? nsp.to(rooms) : nsp);
    on('bcast', (ack, rooms, except, flags, args) => {
      let target = to(rooms).except(except);
      for (const flag of flags)
        target = flag === 'compress:false' ? target.compress(false) : target[flag];
      target.emit(...args);
      ack(null);
    });
    on('from-me', (ack, rooms, args) => {
      (rooms.length ? socket.to(rooms) : socket.broadcast).emit(...args);
      ack(null);
    });
    on('ask', (ack, rooms, ms, args) =>
      to(rooms).timeout(ms).emit(...args, (e, all) => ack([text(e), sorted(all)])));
    on('fetch', async (ack, rooms) => {
      try {
        const all = await to(rooms).fetchSockets();
        ack(all.map((s) => ({ id: s.id, rooms: [...s.rooms].sort(), data: s.data,
          name: s.handshake.query.name ?? null })).sort((a, b) => (a.id < b.id ? -1 : 1)));
      } catch (e) {
        ack(text(e));
      }
    });
    on('join', (ack, rooms, add) => { to(rooms).socketsJoin(add); ack(null); });
    on('leave', (ack, rooms, remove) => { to(rooms).socketsLeave(remove); ack(null); });
    on('kick', (ack, rooms, close) => { ack(null); to(rooms).disconnectSockets(close); });
    on('tell', (ack, args) => { nsp.serverSideEmit(...args); ack(null); });
    on('poll', (ack, args) =>
      nsp.serverSideEmit(...args, (e, all) => ack([text(e), sorted(all)])));
    socket.emit('ready', socket.id);
  });
  nsp.on('note', (x) => nsp.local.emit('noted', x));
  nsp.on('who', (x, answer) => answer(x));
};

const over_postgres = () => {
  // one to listen, and one to send: over several, events lose their order
  const pool = new Pool({ connectionString: url, max: 2 });
  pool.on('error', () => {});
  const tableName = key.replace(/\W/g, '_') + '_attachments';
  return postgres.createAdapter(pool, { channelPrefix: key, tableName });
};

const over_redis = async () => {
  const pub = createClient({ url });
  const sub = pub.duplicate();
  for (const client of [pub, sub]) client.on('error', () => {});
  await Promise.all([pub.connect(), sub.connect()]);
  if (adapter === 'redis') return createAdapter(pub, sub, { key });
  if (adapter === 'redis-streams') return streams.createAdapter(pub, { streamName: key, channelPrefix: key });
  return createShardedAdapter(pub, sub, { channelPrefix: key });
};

(async () => {
  const http = createServer();
  const io = new Server(http, {
    adapter: adapter === 'postgres' ? over_postgres() : await over_redis(),
  });
  serve(io.of('/'));
  serve(io.of('/other'));
  http.listen(0, '127.0.0.1', () =>
    console.log(`listening on http://127.0.0.1:${http.address().port}`));
  process.on('SIGTERM', () => process.exit(0));
})();
