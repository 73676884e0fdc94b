// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

// Redis and PostgreSQL servers of a test's own, in folders of their own, on free ports of loopback.

const { execFileSync, spawn, spawnSync } = require('child_process');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const free_port = () =>
  new Promise((resolve) => {
    const s = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });

// Waits until a store answers.
const answers = async (name, so) => {
  for (let i = 0; i < 400; i++) {
    if (await so()) return;
    await later(25);
  }
  throw new Error(name + ' does not start');
};

const folders = [];
process.on('exit', () => {
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});
const make_folder = (name) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `httphooks-${name}-`));
  folders.push(folder);
  return folder;
};

// The processes that a process has started.
const children_of = (pid) => {
  try {
    return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

process.setMaxListeners(100);

// A store that can be killed, started again, and made to stand still.
class Store {
  constructor(begin, ready) {
    Object.assign(this, { begin, ready });
    process.on('exit', () => this.signal('SIGKILL'));
  }
  async start() {
    this.child = this.begin();
    this.ended = new Promise((resolve) => this.child.on('exit', resolve));
    await answers(this.url, this.ready);
  }
  signal(which) {
    if (!this.child) return;
    for (const pid of [this.child.pid, ...children_of(this.child.pid)])
      try {
        process.kill(pid, which);
      } catch {}  // it has ended
  }
  async kill() {
    this.signal('SIGKILL');
    await this.ended;
    this.child = undefined;
  }
  pause() { this.signal('SIGSTOP'); }
  resume() { this.signal('SIGCONT'); }
}

// Sends words to a Redis; resolves with the bytes of the reply, nothing if there is none.
const ask_redis = (port, ...words) =>
  new Promise((resolve) => {
    const c = net.connect(port, '127.0.0.1', () => c.write(words.join(' ') + '\r\n'));
    c.setTimeout(5000, () => c.destroy());
    c.once('data', (data) => {
      resolve(String(data));
      c.destroy();
    });
    c.on('error', () => {});
    c.on('close', () => resolve(undefined));
  });

// A Redis that runs; resolves with it.
const start_redis = async (...more) => {
  const port = await free_port();
  const folder = make_folder('redis');
  const store = new Store(
    () => spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no',
      '--dir', folder, ...more], { stdio: 'ignore' }),
    async () => /^(\+PONG|-NOAUTH)/.test(await ask_redis(port, 'PING')));
  store.port = port;
  store.url = `redis://127.0.0.1:${port}`;
  store.ask = (...words) => ask_redis(port, ...words);
  await store.start();
  return store;
};

// Three that are one; resolves with them.
const start_redis_cluster = async () => {
  const nodes = [];
  for (const [i, slots] of ['0 5460', '5461 10922', '10923 16383'].entries()) {
    const bus = await free_port();
    const node = await start_redis('--cluster-enabled', 'yes', '--cluster-port', bus,
      '--cluster-require-full-coverage', 'no', '--cluster-allow-pubsubshard-when-down', 'yes');
    node.bus = bus;
    await node.ask('CLUSTER', 'ADDSLOTSRANGE', slots);
    await node.ask('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    nodes.push(node);
  }
  for (const node of nodes.slice(1)) await nodes[0].ask('CLUSTER', 'MEET', '127.0.0.1', node.port, node.bus);
  for (const node of nodes)
    await answers('the cluster', async () => {
      const info = await node.ask('CLUSTER', 'INFO');
      return /cluster_state:ok/.test(info) && /cluster_slots_ok:16384/.test(info) && /cluster_size:3/.test(info);
    });
  return nodes;
};

// A PostgreSQL that runs, for root as nobody; resolves with it.
const start_postgres = async () => {
  const all = '/usr/lib/postgresql';
  const newest = fs.readdirSync(all).sort((a, b) => b - a)[0];
  const program = (name) => path.join(all, newest, 'bin', name);
  const folder = make_folder('pg');
  const how = { cwd: folder, stdio: 'ignore' };
  if (process.getuid() === 0) {
    how.uid = Number(execFileSync('id', ['-u', 'nobody']));
    how.gid = Number(execFileSync('id', ['-g', 'nobody']));
    fs.chownSync(folder, how.uid, how.gid);
  }
  const data = path.join(folder, 'data');
  const made = spawnSync(program('initdb'), ['--pgdata', data, '--username', 'tester', '--auth', 'trust',
    '--encoding', 'UTF8', '--locale', 'C', '--no-sync'], how);
  if (made.status !== 0) throw new Error('initdb fails');
  const port = await free_port();
  const store = new Store(
    () => spawn(program('postgres'), ['-D', data, '-h', '127.0.0.1', '-p', port, '-k', folder, '-c', 'fsync=off'], how),
    async () => spawnSync(program('pg_isready'), ['-h', '127.0.0.1', '-p', port]).status === 0);
  store.port = port;
  store.url = `postgresql://tester@127.0.0.1:${port}/postgres`;
  store.ask = (sql) =>
    execFileSync(program('psql'), ['-X', '-A', '-t', '-c', sql, store.url], { encoding: 'utf8' }).trim();
  await store.start();
  return store;
};
module.exports = { later, start_postgres, start_redis, start_redis_cluster };
