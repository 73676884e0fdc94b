// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const { spawn } = require('child_process');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

const examples = path.join(__dirname, '../../../examples/deploy/cluster');
const nobody = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};

const free_port = () =>
  new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const answers = (port) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('close', () => socket.destroy());
    socket.on('connect', () => socket.end());
  });

// The text with each pattern replaced; a pattern that is not there is an error.
const replaced = (text, changes) =>
  changes.reduce((result, [pattern, by]) => {
    if (!pattern.test(result)) throw new Error('the configuration has no ' + pattern);
    return result.replace(pattern, by);
  }, text);

const kinds = {
  nginx: {
    example: 'nginx.conf',
    listens: /listen 80;/,
    listen: (port) => `listen 127.0.0.1:${port};`,
    sticks: [/^ *hash .*\n/gm],
    // A file of conf.d takes a frame of settings, here such that nothing outside of the folder is used.
    files: (text) => ({
      'site.conf': text,
      'nginx.conf': `
        worker_processes 2;
        pid nginx.pid;
        events {}
        http {
          access_log off;
          ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((t) => `${t}_temp_path ${t};`).join(' ')}
          include site.conf;
        }`,
    }),
    arguments: (folder) => ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr', '-g', 'daemon off;'],
  },
  haproxy: {
    example: 'haproxy.cfg',
    listens: /bind :80/,
    listen: (port) => `bind 127.0.0.1:${port}`,
    sticks: [/^ *balance hash .*\n/gm, /^ *stick.*\n/gm],
    files: (text) => ({ 'haproxy.cfg': text }),
    arguments: (folder) => ['-db', '-f', path.join(folder, 'haproxy.cfg')],
  },
};

exports.configuration = (kind) => fs.readFileSync(path.join(examples, kinds[kind].example), 'utf8');

// Runs a program in a folder of its own, with files there, until this one ends; resolves when it answers.
const run = async (program, files, arguments_in, port) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'httphooks-proxy-'));
  for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), content);
  if (nobody.uid) fs.chownSync(folder, nobody.uid, nobody.gid);

  const child = spawn(program, arguments_in(folder),
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], ...nobody });
  let said = '';
  child.stderr.on('data', (data) => (said += data));
  let status = null;
  child.on('error', (e) => (status = e.message));
  child.on('exit', (code, signal) => (status = code ?? signal));
  process.on('exit', () => {
    child.kill('SIGTERM');
    fs.rmSync(folder, { recursive: true, force: true });
  });
  for (let i = 0; i < 200 && !(await answers(port)); i++) {
    if (status !== null) throw new Error(`${program} ended with ${status}: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};

// Starts a proxy of the kind in front of the servers, with the example's configuration, or, when it
// does not stick, with that less what ties sessions to servers. Resolves with its URL.
exports.start = async (kind, servers, sticky = true) => {
  const k = kinds[kind];
  const port = await free_port();
  let text = replaced(exports.configuration(kind), [
    [k.listens, k.listen(port)],
    ...servers.map((s, i) => [new RegExp(`127\\.0\\.0\\.1:808${i + 1}\\b`, 'g'), new URL(s.url).host]),
  ]);
  if (!sticky) text = replaced(text, k.sticks.map((pattern) => [pattern, '']));

  await run(kind, k.files(text), k.arguments, port);
  return `http://127.0.0.1:${port}`;
};

// Starts Redis with the example's configuration. Resolves with the URL that the servers are given.
exports.start_redis = async () => {
  const port = await free_port();
  const example = fs.readFileSync(path.join(examples, 'redis.conf'), 'utf8');
  const url = /redis:\/\/[^"]*/.exec(example)[0];
  const text = replaced(example, [[/^port 6379$/m, `port ${port}`]]);
  await run('redis-server', { 'redis.conf': text }, (folder) => [path.join(folder, 'redis.conf')], port);
  return replaced(url, [[/:6379$/, `:${port}`]]);
};
