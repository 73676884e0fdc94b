// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const assert = require('assert');
const { execFile, execFileSync } = require('child_process');
const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');
const zlib = require('zlib');
const { run, start } = require('../harness.js');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'compress-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

const rows = Array.from({ length: 400 }, (_, i) => ({ id: i, name: 'row ' + ((i * 7919) % 1000) }));
const text = JSON.stringify(rows);
const script = path.join(folder, 'hooks.json');
const respond = (pattern, more) => ({ type: 'responder', do: 'respond', verb: 'GET', pattern, ...more });
fs.writeFileSync(
  script,
  JSON.stringify([
    respond('/rows', { content: text, headers: { 'Content-Type': 'application/json', ETag: '"1"' } }),
    respond('/untyped', { content: text }),
    respond('/short', { content: 'x'.repeat(1023), headers: { 'Content-Type': 'text/plain' } }),
    respond('/image', { content: text, headers: { 'Content-Type': 'image/png' } }),
    { type: 'responder', do: 'echo', verb: 'POST', pattern: '/say', name: 'say' },
  ])
);
fs.mkdirSync(path.join(folder, 'www'));
fs.writeFileSync(path.join(folder, 'www', 'rows.json'), text);
fs.writeFileSync(path.join(folder, 'www', 'app.js'), 'let a;'.repeat(1000));
execFileSync('gzip', ['-k9', path.join(folder, 'www', 'app.js')]);

const program = (name, args) =>
  new Promise((resolve, reject) =>
    execFile(name, args, { encoding: 'buffer', timeout: 30000 }, (e, out, err) =>
      e ? reject(new Error(`${name}: ${e.message} ${err}`)) : resolve(out)
    )
  );

(async () => {
  const server = await start(process.argv[2], [
    '--compress', '--streams', '--hooks', script, '--www', path.join(folder, 'www'),
  ]);
  const url = server.url;

  // A reply as it comes.
  const raw = (target, headers = {}, method = 'GET', body) =>
    new Promise((resolve, reject) => {
      const r = http.request(url + target, { method, headers }, (answer) => {
        const pieces = [];
        answer.on('data', (d) => pieces.push(d));
        answer.on('end', () => resolve({ ...answer, status: answer.statusCode,
                                         headers: answer.headers, body: Buffer.concat(pieces) }));
      });
      r.on('error', reject);
      r.end(body);
    });
  const unpack = { gzip: zlib.gunzipSync, deflate: zlib.inflateSync, br: zlib.brotliDecompressSync };

  const failed = await run([
    ['node reads each coding', async () => {
      for (const coding of Object.keys(unpack))
        for (const target of ['/rows', '/untyped', '/rows.json']) {
          const r = await raw(target, { 'Accept-Encoding': coding });
          assert.equal(r.headers['content-encoding'], coding);
          assert.match(r.headers.vary, /accept-encoding/i);
          assert.equal(Number(r.headers['content-length']), r.body.length);
          assert(r.body.length < text.length / 2);
          assert.equal(String(unpack[coding](r.body)), text);
          const head = await raw(target, { 'Accept-Encoding': coding }, 'HEAD');
          assert.equal(head.headers['content-length'], r.headers['content-length']);
          assert.equal(head.headers['content-encoding'], coding);
        }
    }],
    ['fetch reads a compressed reply', async () => {
      const r = await fetch(url + '/rows');
      assert(r.headers.get('content-encoding'));
      assert.deepEqual(await r.json(), rows);
    }],
    ['curl reads a compressed reply', async () => {
      for (const more of [[], ['-H', 'Accept-Encoding: deflate'], ['-H', 'Accept-Encoding: br']]) {
        const out = await program('curl', ['-s', '--max-time', '20', '--compressed', ...more, url + '/rows']);
        assert.equal(String(out), text);
      }
    }],
    ['python3 reads a compressed reply, and sends one', async () => {
      const out = await program('python3', ['-c', `
import gzip, json, urllib.request, zlib
def get(coding):
    r = urllib.request.urlopen(urllib.request.Request("${url}/rows", headers={"Accept-Encoding": coding}), timeout=20)
    assert r.headers["Content-Encoding"] == coding, r.headers
    return r.read()
assert gzip.decompress(get("gzip")) == zlib.decompress(get("deflate"))
body = gzip.compress(b"from python " * 20)
r = urllib.request.Request("${url}/say", data=body, headers={"Content-Encoding": "gzip"})
print(json.load(urllib.request.urlopen(r, timeout=20))["content"], end="")
`]);
      assert.equal(String(out), 'from python '.repeat(20));
    }],
    ['quality values, stars and refusals count', async () => {
      const coding = async (accept, target = '/rows') =>
        (await raw(target, { 'Accept-Encoding': accept })).headers['content-encoding'];
      assert.equal(await coding('gzip;q=0.9, br;q=0.8'), 'gzip');
      assert.equal(await coding('br;q=0, *'), 'gzip');
      assert.equal(await coding('*;q=0'), undefined);
      assert.equal(await coding('gzip;q=0.5, identity'), undefined);
      assert.equal(await coding('gzip', '/short'), undefined);
      assert.equal(await coding('gzip', '/image'), undefined);
      assert.equal(await coding('gzip, identity;q=0', '/short'), 'gzip');
    }],
    ['a compressed reply has a weak tag, and is confirmed by it', async () => {
      assert.equal((await raw('/rows', { 'Accept-Encoding': 'gzip' })).headers.etag, 'W/"1"');
      assert.equal((await raw('/rows')).headers.etag, '"1"');
      const { etag } = (await raw('/rows.json', { 'Accept-Encoding': 'gzip' })).headers;
      const again = await raw('/rows.json', { 'Accept-Encoding': 'gzip', 'If-None-Match': etag });
      assert.equal(again.status, 304);
      assert.equal(again.headers.etag, etag);
    }],
    ['ranges are not compressed, and a file beside is preferred', async () => {
      const r = await raw('/rows.json', { 'Accept-Encoding': 'gzip', Range: 'bytes=0-1999' });
      assert.equal(r.status, 206);
      assert.equal(r.headers['content-encoding'], undefined);
      assert.equal(String(r.body), text.slice(0, 2000));
      const packed = await raw('/app.js', { 'Accept-Encoding': 'gzip' });
      assert(packed.body.equals(fs.readFileSync(path.join(folder, 'www', 'app.js.gz'))));
    }],
    ['a stream is compressed as it goes', async () => {
      for (const [coding, unpacker] of [
        ['gzip', zlib.createGunzip], ['deflate', zlib.createInflate], ['br', zlib.createBrotliDecompress],
      ]) {
        const whole = await raw('/stream/lines?n=50&ms=0', { 'Accept-Encoding': coding });
        assert.equal(whole.headers['content-encoding'], coding);
        assert.equal(whole.headers['transfer-encoding'], 'chunked');
        const lines = Array.from({ length: 50 }, (_, i) => `{"i":${i}}\n`).join('');
        assert.equal(String(unpack[coding](whole.body)), lines);
        // the first event is there while the second is a minute away
        const text = await new Promise((resolve, reject) => {
          const r = http.get(url + '/stream/sse?n=2&ms=60000', { headers: { 'Accept-Encoding': coding } }, (answer) => {
            assert.equal(answer.headers['content-encoding'], coding);
            const out = answer.pipe(unpacker());
            let come = '';
            out.on('data', (d) => {
              come += d;
              if (come.includes('tick 0')) {
                r.destroy();
                resolve(come);
              }
            });
          });
          r.on('error', reject);
        });
        assert.match(text, /^id: 0\ndata: tick 0\n/m);
      }
    }],
    ['compressed bodies are read, within limits', async () => {
      const say = (body, coding) => raw('/say', { 'Content-Encoding': coding }, 'POST', body);
      const pack = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync };
      for (const coding of Object.keys(pack)) {
        const r = await say(pack[coding](text), coding);
        const seen = JSON.parse(r.body);
        assert.equal(seen.content, text);
        assert.equal(seen.headers['content-encoding'], undefined);
        assert.equal(seen.headers['content-length'], String(text.length));
        assert.equal((await say(pack[coding](Buffer.alloc(20000000)), coding)).status, 413);
        assert.equal((await say(pack[coding](text).subarray(0, 500), coding)).status, 400);
      }
      const r = await say('x', 'zstd');
      assert.equal(r.status, 415);
      assert.equal(r.headers['accept-encoding'], 'br, gzip, deflate');
    }],
  ]);
  const status = await server.stop();
  process.exit(failed || status ? 1 : 0);
})();
