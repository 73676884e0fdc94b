// Distributed under the Boost Software License, Version 1.0. See LICENSE.
//
// streams.js BASE
//
// Reads the streamed replies of a conformance server with node's fetch and its http.

'use strict';
const assert = require('node:assert');
const http = require('node:http');

const base = process.argv[2];

async function seen(wanted) {
  for (;;) {
    const now = await (await fetch(`${base}/seen`)).json();
    if (now.cancelled >= wanted) return now;
  }
}

async function main() {
  const lines = await fetch(`${base}/lines?n=4&ms=20`);
  const pieces = [];
  for await (const piece of lines.body) pieces.push(Buffer.from(piece).toString());
  assert.strictEqual(pieces.join(''), '{"i":0}\n{"i":1}\n{"i":2}\n{"i":3}\n');
  assert.ok(pieces.length > 1, 'the lines came at once');

  const bytes = Buffer.from(await (await fetch(`${base}/bytes?n=3000000`)).arrayBuffer());
  assert.strictEqual(bytes.length, 3000000);
  assert.ok(bytes.every((b, i) => b === i % 251));

  await assert.rejects(fetch(`${base}/broken`).then((r) => r.text()));
  await new Promise((resolve, reject) => {
    http.get(`${base}/broken`, (r) => {
      let size = 0;
      r.on('data', (d) => { size += d.length; });
      r.on('end', () => reject(new Error('a stream that fails was taken for a whole one')));
      r.on('error', () => resolve(assert.strictEqual(size, 1000)));
    });
  });

  const abort = new AbortController();
  const ticks = await fetch(`${base}/sse?n=2&ms=3600000`, { signal: abort.signal });
  const reader = ticks.body.getReader();
  const first = await reader.read();
  assert.strictEqual(Buffer.from(first.value).toString(), 'id: 0\ndata: tick 0\n\n');
  abort.abort();
  assert.strictEqual((await seen(1)).cancelled, 1);
}

const limit = setTimeout(() => { console.error('too slow'); process.exit(1); }, 60000);
main().then(() => clearTimeout(limit), (e) => { console.error(e); process.exit(1); });
