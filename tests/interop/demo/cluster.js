// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const assert = require('assert');
const { spawn } = require('child_process');
const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');
const { io } = require('socket.io-client');
const SockJS = require('sockjs-client');
const { start, run } = require('../harness.js');

const [, , program, folder, clients] = process.argv;
process.exitCode = 1;

// Starts a Redis of its own; resolves with its URL.
const start_redis = async () => {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'httphooks-demo-'));
  const socket = path.join(place, 'redis.sock');
  const child = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', ''],
    { cwd: place, stdio: 'ignore' });
  process.on('exit', () => {
    child.kill('SIGKILL');
    fs.rmSync(place, { recursive: true, force: true });
  });
  for (let i = 0; i < 400 && !fs.existsSync(socket); i++) await new Promise((r) => setTimeout(r, 25));
  return 'unix://' + socket;
};

const headers = { authorization: 'Bearer demo' };
const call = (url, method, note, body) =>
  new Promise((resolve, reject) => {
    const request = http.request(`${url}/notes/${note}`, { method, headers }, (response) => {
      let text = '';
      response.on('data', (data) => (text += data));
      response.on('end', () => resolve(JSON.parse(text)));
    });
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });

// Clients of a server that collect the notes they are told of.
const listen = async (url) => {
  const heard = { sockjs: [], socketio: [] };
  const sockjs = new SockJS(url + '/sockjs');
  sockjs.onmessage = (e) => heard.sockjs.push(JSON.parse(e.data).text);
  const socketio = io(url, { forceNew: true });
  socketio.on('note', (note) => heard.socketio.push(note.text));
  await Promise.all([
    new Promise((resolve) => (sockjs.onopen = resolve)),
    new Promise((resolve) => socketio.on('connect', resolve)),
  ]);
  return { heard, close: () => (sockjs.close(), socketio.close()) };
};

const eventually = async (condition) => {
  for (let i = 0; i < 400 && !condition(); i++) await new Promise((r) => setTimeout(r, 25));
  assert.ok(condition(), String(condition));
};

(async () => {
  const redis = await start_redis();
  const servers = await Promise.all(
    [0, 1].map(() => start(program, [folder, clients, '0', '127.0.0.1', redis]))
  );
  const [a, b] = servers.map((server) => server.url);
  const todo = [];

  todo.push(['a note that is written at one server is heard of at both, once', async () => {
    const listeners = await Promise.all([listen(a), listen(b)]);
    // the servers hear each other a moment after they have started
    let rounds = 0;
    while (!listeners[1].heard.socketio.length) {
      await call(a, 'PUT', 'first', { text: 'round ' + ++rounds, by: 'a test' });
      await new Promise((r) => setTimeout(r, 100));
      assert.ok(rounds < 100, 'it does not come');
    }
    await call(a, 'PUT', '2', { text: 'hello', by: 'a test' });
    await call(b, 'PUT', '2', { text: 'hello back', by: 'a test' });
    for (const { heard } of listeners)
      for (const kind of ['sockjs', 'socketio'])
        await eventually(() => heard[kind].includes('hello back'));
    for (const { heard, close } of listeners) {
      for (const kind of ['sockjs', 'socketio']) {
        const last = heard[kind].filter((text) => text.startsWith('hello'));
        assert.deepStrictEqual(last, ['hello', 'hello back'], kind);
      }
      close();
    }
  }]);
  todo.push(['and read at both', async () => {
    for (const url of [a, b]) assert.strictEqual((await call(url, 'GET', '2')).text, 'hello back');
  }]);
  for (const server of servers)
    todo.push(['a server ends in order', async () => assert.strictEqual(await server.stop(), 0)]);
  process.exit((await run(todo)) === 0 ? 0 : 1);
})();
