// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

// Clients of the application `cluster`.

const { io } = require('socket.io-client');
const { later } = require('./stores.js');

// A client; everything that it is sent is in `got`.
const opened = async (server, nsp, query, transports) => {
  const s = io(server.url + nsp, { forceNew: true, reconnection: false, transports, query });
  s.got = [];
  s.answers = undefined;
  s.onAny((...args) => {
    if (typeof args[args.length - 1] === 'function') {
      const ack = args.pop();
      if (s.answers !== undefined) ack(s.answers);
    }
    if (args[0] !== 'ready') s.got.push(args);
  });
  await new Promise((resolve, reject) => {
    s.once('ready', resolve);
    s.once('connect_error', reject);
  });
  s.ask = (...args) => s.timeout(30000).emitWithAck(...args);
  return s;
};

// Waits until a condition holds. WHY may be a function.
const until = async (so, why, ms = 10000) => {
  for (const end = Date.now() + ms; ;) {
    if (await so()) return;
    if (Date.now() > end) break;
    await later(25);
  }
  throw new Error('it does not come: ' + (typeof why === 'function' ? why() : why));
};

module.exports = { opened, until };
