// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const assert = require('assert');
const http = require('http');
const WebSocket = require('ws');

// Sessions of Engine.IO by hand. A message is a string or a Buffer, without the packet type of
// Engine.IO; next() gives null when the server has closed the session. Pings are answered.
class session {
  constructor() {
    this.arrived = [];
    this.waiting = [];
  }

  next() {
    if (this.arrived.length) return Promise.resolve(this.arrived.shift());
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.fetch();
    });
  }

  fetch() {}

  push(message) {
    if (this.waiting.length) this.waiting.shift()(message);
    else this.arrived.push(message);
  }

  take(packet) {
    if (packet === '2') this.packets('3');
    else if (packet[0] === '4') this.push(packet.slice(1));
    else if (packet[0] === '0') this.greeted(packet);
  }

  // Sends messages in one go.
  send(...messages) {
    return this.packets(...messages.map((m) => (typeof m === 'string' ? '4' + m : m)));
  }

  greeted(packet) {
    this.open = JSON.parse(packet.slice(1));
    this.ready();
  }
}

class over_websocket extends session {
  static async start(url, query, headers) {
    const s = new over_websocket();
    const greeted = new Promise((resolve) => (s.ready = resolve));
    s.socket = new WebSocket(
      url.replace('http', 'ws') + '/socket.io/?EIO=4&transport=websocket' + query,
      { headers, perMessageDeflate: false }
    );
    s.socket.on('message', (data, binary) => (binary ? s.push(data) : s.take(data.toString())));
    s.socket.on('close', (code) => {
      s.code = code;
      s.push(null);
    });
    const failed = new Promise((_, reject) => s.socket.on('error', reject));
    await Promise.race([greeted, failed]);
    return s;
  }

  async packets(...all) {
    this.socket._socket.cork();
    for (const p of all) this.socket.send(p);
    this.socket._socket.uncork();
  }

  end() {
    this.socket.terminate();
  }
}

const ask = (url, method, body, headers = {}) =>
  new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers }, (response) => {
      const parts = [];
      response.on('data', (d) => parts.push(d));
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          headers: response.headers,
          body: Buffer.concat(parts).toString(),
        })
      );
    });
    request.on('error', reject);
    request.end(body);
  });

class over_polling extends session {
  static async start(url, query, headers) {
    const s = new over_polling();
    s.url = url + '/socket.io/?EIO=4&transport=polling' + query;
    s.ready = () => (s.url += '&sid=' + s.open.sid);
    const opened = await ask(s.url, 'GET', '', headers);
    if (opened.status !== 200) throw new Error(opened.status + ': ' + opened.body);
    s.receive(opened.body);
    return s;
  }

  receive(payload) {
    for (const p of payload.split('\x1e'))
      if (p === '1') this.push(null);
      else if (p[0] === 'b') this.push(Buffer.from(p.slice(1), 'base64'));
      else this.take(p);
  }

  // what answers the next poll, as it came
  async poll() {
    const got = await ask(this.url, 'GET');
    return got.status === 200 ? got.body : null;
  }

  async fetch() {
    if (this.polling) return;
    this.polling = true;
    while (this.waiting.length) {
      const got = await this.poll();
      if (got === null) this.push(null);
      else this.receive(got);
    }
    this.polling = false;
  }

  async packets(...all) {
    const body = all.map((p) => (typeof p === 'string' ? p : 'b' + p.toString('base64')));
    const headers = { 'Content-Type': 'text/plain;charset=UTF-8' };
    this.posted = await ask(this.url, 'POST', body.join('\x1e'), headers);
  }

  end() {}
}

const ways = { polling: over_polling, websocket: over_websocket };
exports.ways = Object.keys(ways);
exports.ask = ask;

// Opens a session; closed at the end of the case by end().
exports.open = (way, url, { query = '', headers = {} } = {}) =>
  ways[way].start(url, query, headers);

// The payload of a packet that begins as is wanted, of which it may be all.
const payload = (message, start) => {
  assert.equal(typeof message, 'string', `got ${message}, not ${start}`);
  assert.equal(message.slice(0, start.length), start, message);
  return message.length > start.length ? JSON.parse(message.slice(start.length)) : undefined;
};
exports.payload = payload;

// Joins a namespace; gives what the server answers with.
exports.join = async (s, nsp = '/', auth) => {
  const prefix = '0' + (nsp === '/' ? '' : nsp + ',');
  await s.send(prefix + (auth === undefined ? '' : JSON.stringify(auth)));
  return payload(await s.next(), prefix);
};

// Opens a session, and joins the main namespace.
exports.connected = async (way, url, options) => {
  const s = await exports.open(way, url, options);
  s.ids = await exports.join(s);
  return s;
};

// What was asked before has been answered; the session is alive.
exports.nothing_more = async (s) => {
  await s.send('2987["echo"]');
  assert.deepEqual(await s.next(), '3987[]');
};

exports.closes = async (s) => {
  for (let i = 0; i < 4; i++) {
    const m = await s.next();
    if (m === null) return;
    // what was on its way may come before
    assert.ok(String(m).match(/^0|^2/), 'it goes on, with ' + m);
  }
};
