// Distributed under the Boost Software License, Version 1.0. See LICENSE.
//
// The application `cluster` of the conformance server on node, with the same options.
'use strict';

const { createServer } = require('http');
const { Server } = require('socket.io');

const option = (name, otherwise) => {
  const at = process.argv.indexOf('--' + name);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const key = option('cluster-key', 'socket.io');

// Makes the adapter, by the name that --cluster has.
const adapters = {
  postgres: async () => {
    const { createAdapter } = require('@socket.io/postgres-adapter');
    const pool = new (require('pg').Pool)({ connectionString: option('postgres'), max: 4 });
    pool.on('error', () => {});
    const tableName = key.replace(/\W/g, '_') + '_attachments';
    await pool.query(
      `CREATE TABLE IF NOT EXISTS ${tableName} (id bigserial UNIQUE, ` +
        'created_at timestamptz DEFAULT NOW(), payload bytea)',
    );
    return createAdapter(pool, { channelPrefix: key, tableName });
  },
};

const sorted = (values) =>
  values.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
const outcome = (error, values) => [error ? error.message : null, sorted(values || [])];

function serve(nsp, socket) {
  const with_flags = (to, flags) => {
    for (const flag of flags) {
      if (flag === 'volatile') to = to.volatile;
      if (flag === 'local') to = to.local;
      if (flag === 'compress:false') to = to.compress(false);
    }
    return to;
  };
  const fetch = (rooms, ack, describe) =>
    nsp.in(rooms).fetchSockets().then(
      (all) => ack(all.sort((a, b) => (a.id < b.id ? -1 : 1)).map(describe)),
      (e) => ack(e.message),
    );
  socket.on('bcast', (rooms, except, flags, args, ack) => {
    with_flags(nsp.to(rooms).except(except), flags).emit(...args);
    ack?.(null);
  });
  socket.on('from-me', (rooms, args, ack) => {
    (rooms.length ? socket.to(rooms) : socket.broadcast).emit(...args);
    ack(null);
  });
  socket.on('ask', (rooms, timeout, args, ack) => {
    nsp.to(rooms).timeout(timeout).emit(...args, (e, all) => ack(outcome(e, all)));
  });
  socket.on('fetch', (rooms, ack) =>
    fetch(rooms, ack, (s) => ({
      id: s.id,
      rooms: [...s.rooms].sort(),
      data: s.data,
      name: s.handshake.query.name ?? null,
    })),
  );
  socket.on('ids', (rooms, ack) => fetch(rooms, ack, (s) => s.id));
  socket.on('join', (rooms, add, ack) => (nsp.in(rooms).socketsJoin(add), ack(null)));
  socket.on('leave', (rooms, remove, ack) => (nsp.in(rooms).socketsLeave(remove), ack(null)));
  socket.on('kick', (rooms, close, ack) => (ack(null), nsp.in(rooms).disconnectSockets(close)));
  socket.on('tell', (args, ack) => (nsp.serverSideEmit(...args), ack(null)));
  socket.on('poll', (args, ack) => {
    nsp.serverSideEmit(...args, (e, all) => ack(outcome(e, all)));
  });
}

async function main() {
  const http = createServer();
  const adapter = await adapters[option('cluster')]();
  const io = new Server(http, { adapter, maxHttpBufferSize: 1e7 });
  for (const name of ['/', '/other']) {
    const nsp = io.of(name);
    nsp.on('connection', (socket) => {
      const { rooms, name } = socket.handshake.query;
      for (const room of (rooms || '').split(',')) if (room) socket.join(room);
      socket.data = { name: name ?? null };
      serve(nsp, socket);
      socket.emit('ready', socket.id);
    });
    nsp.on('note', (x) => nsp.local.emit('noted', x));
    nsp.on('who', (x, answer) => answer(x));
  }
  process.on('SIGTERM', () => io.close(() => process.exit(0)));
  http.listen(0, '127.0.0.1', () =>
    console.log(`listening on http://127.0.0.1:${http.address().port}`),
  );
}

main();
