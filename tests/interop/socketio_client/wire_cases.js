// Distributed under the Boost Software License, Version 1.0. See LICENSE.
'use strict';

const assert = require('assert');
const { ask, closes, connected, join, nothing_more, open, payload, ways } = require('./sessions.js');

const same = assert.deepStrictEqual;
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
// What is under way has come to the server, whose threads may be late.
const arrives = () => later(500);
const bytes = (...values) => Buffer.from(values);
const ph = (num) => ({ _placeholder: true, num });
const ph_text = (num) => JSON.stringify(ph(num));

// What is done on a session of each transport: name, server, and what is done. The servers are
// `full` and `basic` applications, `quick` gives up who joins nothing after a second and pings.
const cases = [];
const each = (name, server, body) => {
  for (const way of ways)
    cases.push([`${way}: ${name}`, async (urls) => body(urls[server], way, urls)]);
};

// ---- connecting to namespaces

for (const packet of ['0', '0/', '0/,', '0{}'])
  each(`"${packet}" joins the main namespace`, 'full', async (url, way) => {
    const s = await open(way, url);
    await s.send(packet);
    const { sid } = payload(await s.next(), '0');
    assert.match(sid, /^[\w-]{20}$/);
    await nothing_more(s);
    s.end();
  });

each('a namespace may end without a comma', 'full', async (url, way) => {
  const s = await open(way, url);
  await s.send('0/dyn-1');
  assert.match(payload(await s.next(), '0/dyn-1,').sid, /^[\w-]{20}$/);
  same(await s.next(), '2/dyn-1,["dyn","/dyn-1"]');
  s.end();
});

for (const packet of ['0,', '0["a"]', '0"a"', '0null', '0{', '0{}x', '4{}', '4', '7', '9', 'x', ''])
  each(`the first packet "${packet}" closes the session`, 'full', async (url, way) => {
    const s = await open(way, url);
    await s.send(packet);
    await closes(s);
    s.end();
  });

each('ids are of 20 characters, and another for each namespace', 'full', async (url, way) => {
  const s = await open(way, url);
  const ids = [s.open.sid, (await join(s)).sid];
  ids.push((await join(s, '/mw', { ok: true })).sid);
  ids.forEach((id) => assert.match(id, /^[\w-]{20}$/));
  same(new Set(ids).size, 3);
  s.end();
});

each('the greeting has the delays and the limit', 'full', async (url, way) => {
  const s = await open(way, url);
  const { sid, ...rest } = s.open;
  same(rest, {
    upgrades: way === 'polling' ? ['websocket'] : [],
    pingInterval: 25000,
    pingTimeout: 20000,
    maxPayload: 1000000,
  });
  s.end();
});

each('auth is {} when it is absent', 'basic', async (url, way) => {
  const s = await open(way, url);
  await join(s);
  same(await s.next(), '2["auth",{}]');
  await join(s, '/custom');
  same(await s.next(), '2/custom,["auth",{}]');
  s.end();
});

each('auth comes to the application', 'basic', async (url, way) => {
  const s = await open(way, url);
  await join(s, '/', { token: 'a\u20ac', list: [1, null] });
  same(payload(await s.next(), '2'), ['auth', { token: 'a\u20ac', list: [1, null] }]);
  s.end();
});

each('an unknown namespace is refused, and the session goes on', 'full', async (url, way) => {
  const s = await connected(way, url);
  for (const name of ['/nope', '/mw?q=1', '/dyn-', '/dyn-x', '/__proto__', '/constructor']) {
    await s.send(`0${name},{}`);
    same(await s.next(), `4${name},{"message":"Invalid namespace"}`);
  }
  await nothing_more(s);
  s.end();
});

each('a namespace is joined once', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('0');
  await closes(s);
});

for (const packet of ['2/mw,["e"]', '3/mw,1[]', '1/mw,', '2/nope,["e"]'])
  each(`"${packet}" to a namespace that was not joined closes the session`, 'full',
    async (url, way) => {
      const s = await connected(way, url);
      await s.send(packet);
      await closes(s);
    });

each('a packet of the type of errors closes the session', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('4{"message":"x"}');
  await closes(s);
});

each('an event while the middleware still runs closes the session', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('0/slow,');
  await s.send('2/slow,["e"]');
  await closes(s);
});

each('after the middleware events are served', 'full', async (url, way) => {
  const s = await connected(way, url);
  await join(s, '/slow');
  await s.send('2/slow,["e"]');
  same(await s.next(), '2/slow,["e"]');
  s.end();
});

each('a middleware refuses with an error and its data; one may try again', 'full',
  async (url, way) => {
    const s = await open(way, url);
    for (let i = 0; i < 2; i++) {
      await s.send('0/mw,{"no":1}');
      same(await s.next(), '4/mw,{"message":"nope","data":{"code":7}}');
    }
    await join(s, '/mw', { ok: 1 });
    same(await s.next(), '2/mw,["hi",{"ok":1},null]');
    s.end();
  });

each('the query of the handshake reaches the application', 'full', async (url, way) => {
  const s = await open(way, url, { query: '&q=a%20b' });
  await join(s, '/mw', { ok: 1 });
  same(await s.next(), '2/mw,["hi",{"ok":1},"a b"]');
  s.end();
});

each('the reply to CONNECT comes before what the connection is told', 'full', async (url, way) => {
  const s = await open(way, url);
  await s.send('0/mw,{"ok":1}');
  payload(await s.next(), '0/mw,');
  payload(await s.next(), '2/mw,');
  s.end();
});

each('who leaves a namespace may join it again', 'full', async (url, way) => {
  const s = await connected(way, url);
  for (let i = 0; i < 3; i++) {
    await join(s, '/dyn-7');
    same(await s.next(), '2/dyn-7,["dyn","/dyn-7"]');
    await s.send('1/dyn-7,');
    await nothing_more(s);
  }
  await s.send('1');
  await later(50);
  const { sid } = await join(s);
  assert.notEqual(sid, s.ids.sid);
  await nothing_more(s);
  s.end();
});

each('two who join a new namespace at once are both let in', 'full', async (url, way) => {
  const both = await Promise.all([open(way, url), open(way, url)]);
  for (let i = 0; i < 5; i++) {
    const name = `/dyn-${way.length}00${i}`;
    await Promise.all(both.map((s) => s.send(`0${name},`)));
    for (const s of both) {
      payload(await s.next(), `0${name},`);
      same(await s.next(), `2${name},["dyn","${name}"]`);
    }
  }
  both.forEach((s) => s.end());
});

// ---- who joins nothing

each('who joins nothing is closed after a while', 'quick', async (url, way) => {
  const s = await open(way, url);
  same(await s.next(), null);
});

each('who is refused everywhere is closed after a while', 'quick', async (url, way) => {
  const s = await open(way, url);
  await s.send('0/mw,');
  same(await s.next(), '4/mw,{"message":"nope","data":{"code":7}}');
  same(await s.next(), null);
});

each('who has left the last namespace is not closed for that', 'quick', async (url, way) => {
  const s = await connected(way, url);
  await s.send('1');
  const next = s.next();
  same(await Promise.race([next, later(1500).then(() => 'open')]), 'open');
  await s.send('0');
  payload(await next, '0');
  s.end();
});

// ---- events

each('events come back with what came', 'full', async (url, way) => {
  const s = await connected(way, url);
  for (const args of [[], [1], ['a', 'b'], [null, true, -1.5, {}, []], [[[[]]], { a: { b: [0] } }]]) {
    await s.send('2' + JSON.stringify(['echo', ...args]));
    same(payload(await s.next(), '2'), ['echo', ...args]);
  }
  s.end();
});

for (const packet of ['2[7,"x"]', '2["connection"]', '2["error","x"]', '2[""]', '2["__proto__",1]', '2'])
  each(`"${packet}" is let through`, 'full', async (url, way) => {
    const s = await connected(way, url);
    await s.send(packet);
    await nothing_more(s);
    s.end();
  });

for (const packet of ['2[]', '2{}', '2null', '2"s"', '2[null]', '2[true]', '2[{}]', '2[["a"]]',
  '2["connect"]', '2["connect_error"]', '2["disconnect"]', '2["disconnecting"]', '2["newListener"]',
  '2["removeListener"]', '2["echo"', '2["echo"]x', '2["echo"],', "2['echo']", '2["echo",]',
  '2["echo",01]', '2["echo",nul]', '2["echo","\\x"]', '31{}', '31"x"', '1{}', '9["e"]'])
  each(`"${packet}" closes the session`, 'full', async (url, way) => {
    const s = await connected(way, url);
    await s.send(packet);
    await closes(s);
  });

each('numbers are names of events', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('2["num"]');
  same(await s.next(), '2[7,"x"]');
  s.end();
});

each('what JSON can say comes back', 'full', async (url, way) => {
  const s = await connected(way, url);
  for (const text of ['"\\ud800"', '"\u2028\u2029"', '"\\u0000\\u001f\\"\\\\\\/"', '"\u{1f600}\u4e2d"',
    '1e3', '-0.5', '123456789012', '{"__proto__":{"x":1}}', '{"constructor":1,"":2}', ' [ 1 , { "a" : 2 } ] ',
    '{"a":1,"a":2}', JSON.stringify('x'.repeat(70000)), '['.repeat(100) + ']'.repeat(100)]) {
    await s.send(`25["echo",${text}]`);
    const wanted = JSON.parse(text);
    same(payload(await s.next(), '35'), [wanted]);
  }
  s.end();
});

each('no more than a hundred namespaces, with names of no more than 256 bytes', 'full',
  async (url, way) => {
    const s = await connected(way, url);
    const names = [...Array(99).keys()].map((n) => '/dyn-' + n);
    for (const name of names) {
      await join(s, name);
      same(await s.next(), `2${name},["dyn","${name}"]`);
    }
    await s.send('0/dyn-99,');
    same(await s.next(), '4/dyn-99,{"message":"Too many namespaces"}');
    const long = '/' + 'a'.repeat(255);
    await s.send(`1${names[0]},`);
    await s.send(`0${long},`);
    same(await s.next(), `4${long},{"message":"Invalid namespace"}`);
    await s.send(`0${long}a,`);
    await closes(s);
  });

each('an attachment that is used too often is too large', 'full', async (url, way) => {
  const s = await connected(way, url);
  const often = Array(200).fill(ph_text(0));
  await s.send(`51-["none",${often}]`, Buffer.alloc(100000));
  await closes(s);
});

each('space around values is no harm', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('27[ "echo" , 1 ,\t"x"\r\n]');
  same(payload(await s.next(), '37'), [1, 'x']);
  s.end();
});

each('JSON that is too deep closes the session', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send(`2["none",${'['.repeat(2000)}${']'.repeat(2000)}]`);
  await closes(s);
});

each('a space before the arguments is no acknowledgement 0', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('2 ["echo",1]');
  await closes(s);
});

each('several packets of one payload are served in their order', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('20["echo",0]', '21["echo",1]', '22["echo",2]');
  for (let i = 0; i < 3; i++) same(await s.next(), `3${i}[${i}]`);
  s.end();
});

each('big texts', 'full', async (url, way) => {
  const s = await connected(way, url);
  for (const n of [1, 125, 126, 65535, 65536, 300000]) {
    await s.send(`2["big",${n}]`);
    same(payload(await s.next(), '2'), ['big', 'x'.repeat(n)]);
  }
  const nested = { a: ['y'.repeat(100000), { b: ['z'.repeat(100000), ['\u20ac'.repeat(50000)]] }] };
  await s.send('21' + JSON.stringify(['echo', nested]));
  same(payload(await s.next(), '31'), [nested]);
  s.end();
});

// ---- acknowledgements

for (const [id, answered] of [['0', '0'], ['7', '7'], ['007', '7'], ['00', '0'], ['9007199254740991', '9007199254740991']])
  each(`the acknowledgement ${id} is answered as ${answered}`, 'full', async (url, way) => {
    const s = await connected(way, url);
    await s.send(`2${id}["echo","x"]`);
    same(await s.next(), `3${answered}["x"]`);
    s.end();
  });

each('acknowledgements of 19 digits are answered to the digit', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('21234567890123456789["echo"]');
  same(await s.next(), '31234567890123456789[]');
  s.end();
});

each('an acknowledgement of 40 digits closes the session', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send(`2${'9'.repeat(40)}["echo"]`);
  await closes(s);
});

each('an acknowledgement without arguments is an empty array', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('25["echo"]');
  same(await s.next(), '35[]');
  s.end();
});

each('only the first acknowledgement is sent', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('21["double-ack"]');
  same(await s.next(), '31[1]');
  await nothing_more(s);
  s.end();
});

// Has the server ask, and wait for so many milliseconds; gives the number of its question.
const asked = async (s, patience = 20000) => {
  await s.send(`2["ackme",${patience}]`);
  return /^2(\d+)\["q",1\]$/.exec(await s.next())[1];
};

each('the client is asked, and answers', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send(`3${await asked(s)}["v"]`);
  same(await s.next(), '2["acked",null,"v"]');
  await s.send(`3${await asked(s)}[]`);
  same(await s.next(), '2["acked",null,null]');
  s.end();
});

each('who does not answer in time is told of; the late answer does nothing', 'full',
  async (url, way) => {
    const s = await connected(way, url);
    const id = await asked(s, 300);
    same(await s.next(), '2["acked","operation has timed out",null]');
    await s.send(`3${id}["late"]`);
    await nothing_more(s);
    s.end();
  });

each('an answer to nothing does nothing, nor does a second one', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('3999999[1]');
  const id = await asked(s);
  await s.send(`3${id}[1]`, `3${id}[2]`);
  same(await s.next(), '2["acked",null,1]');
  await nothing_more(s);
  s.end();
});

// ---- binary

each('bytes come back, in events and acknowledgements', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send(`51-["echo",${ph_text(0)}]`, bytes(1, 2, 255));
  same(await s.next(), `51-["echo",${ph_text(0)}]`);
  same(await s.next(), bytes(1, 2, 255));
  await s.send(`52-9["echo",{"a":[${ph_text(1)},"x"]},${ph_text(0)}]`, bytes(1), bytes());
  same(payload(await s.next(), '62-9'), [{ a: [ph(0), 'x'] }, ph(1)]);
  same([await s.next(), await s.next()], [bytes(), bytes(1)]);
  s.end();
});

each('members keep their order, and bytes come in it', 'full', async (url, way) => {
  const s = await connected(way, url);
  const text = (b, a) => `{"b":{"y":${ph_text(b)},"x":1.50},"a":[${ph_text(a)},"\\ud800"]}`;
  await s.send(`52-1["echo",${text(1, 0)}]`, bytes(7), bytes(8));
  same(await s.next(), `62-1[${text(0, 1)}]`);
  same([await s.next(), await s.next()], [bytes(8), bytes(7)]);
  s.end();
});

each('bytes of the server come in the order of their places', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('2["bin"]');
  same(payload(await s.next(), '52-'), ['bin', ph(0), { a: [ph(1)] }]);
  same([await s.next(), await s.next()], [bytes(1, 2, 3), bytes()]);
  s.end();
});

each('bytes answer the server', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send(`61-${await asked(s)}[${ph_text(0)}]`, bytes(9, 8));
  same(payload(await s.next(), '51-'), ['acked', null, ph(0)]);
  same(await s.next(), bytes(9, 8));
  s.end();
});

each('a megabyte of bytes, nearly', 'full', async (url, way) => {
  const s = await connected(way, url);
  const big = Buffer.alloc(700000, 'ab\0\xff', 'latin1');
  await s.send(`51-1["echo",${ph_text(0)}]`, big);
  same(await s.next(), `61-1[${ph_text(0)}]`);
  assert.ok(big.equals(await s.next()));
  s.end();
});

each('placeholders of a packet without bytes are what the user says', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send(`21["echo",${ph_text(0)},{"_placeholder":true}]`);
  same(payload(await s.next(), '31'), [ph(0), { _placeholder: true }]);
  s.end();
});

each('an attachment may be used twice, or not at all', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send(`52-1["echo",${ph_text(1)},${ph_text(1)}]`, bytes(1), bytes(2));
  same(payload(await s.next(), '62-1'), [ph(0), ph(1)]);
  same([await s.next(), await s.next()], [bytes(2), bytes(2)]);
  await s.send('51-1["echo","x"]', bytes(1));
  same(await s.next(), '31["x"]');
  s.end();
});

each('a packet of bytes may say that it has none', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('50-1["echo","x"]');
  same(await s.next(), '31["x"]');
  await nothing_more(s);
  s.end();
});

each('ten attachments are the most', 'full', async (url, way) => {
  const s = await connected(way, url);
  const many = [...Array(10).keys()];
  await s.send(`510-1["echo",${many.map(ph_text)}]`, ...many.map((n) => bytes(n)));
  same(payload(await s.next(), '610-1'), many.map(ph));
  for (const n of many) same(await s.next(), bytes(n));
  await s.send(`511-1["echo",${[...many, 10].map(ph_text)}]`);
  await closes(s);
});

each('heartbeats may come between a packet and its attachments', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send(`51-1["echo",${ph_text(0)}]`);
  await s.packets('3');
  await s.send(bytes(5));
  same(await s.next(), `61-1[${ph_text(0)}]`);
  same(await s.next(), bytes(5));
  s.end();
});

for (const [what, ...messages] of [
  ['a text in place of an attachment', '51-["echo"]', '2["echo"]'],
  ['bytes that nobody announced', bytes(1)],
  ['bytes too many', '51-1["none"]', bytes(1), bytes(2)],
  ['a placeholder beyond the attachments', `51-["echo",${ph_text(1)}]`, bytes(1)],
  ['a placeholder below zero', `51-["echo",${ph_text(-1)}]`, bytes(1)],
  ['a placeholder that is a text', `51-["echo",${ph_text('0')}]`, bytes(1)],
  ['a placeholder that is a fraction', `51-["echo",${ph_text(0.5)}]`, bytes(1)],
  ['a placeholder without its number', '51-["echo",{"_placeholder":true}]', bytes(1)],
  ['a number of attachments below zero', '5-1-["echo"]', bytes(1)],
  ['a fraction of an attachment', '51.5-["echo"]', bytes(1)],
  ['no number of attachments', '5x-["echo"]', bytes(1)],
  ['no dash', '51["echo"]', bytes(1)],
  ['attachments without end', `5${'9'.repeat(400)}-["echo"]`, bytes(1)],
  ['bytes with the name of an event that is reserved', '51-["connect"]', bytes(1)],
  ['bytes for the name of an event', `51-[${ph_text(0)}]`, bytes(1)],
])
  each(`${what} closes the session`, 'full', async (url, way) => {
    const s = await connected(way, url);
    await s.send(...messages);
    await closes(s);
  });

// ---- what the application does

each('a volatile event right after another one is dropped, the next one is not', 'full',
  async (url, way) => {
    const s = await connected(way, url);
    for (let i = 0; i < 3; i++) {
      await s.send('2["vol"]');
      same(await s.next(), '2["n",1]');
      same(await s.next(), '2["n",4]');
    }
    await nothing_more(s);
    s.end();
  });

each('all, or all but the sender, are told', 'full', async (url, way) => {
  const all = [];
  for (const w of [way, 'polling', 'websocket']) all.push(await connected(w, url));
  await all[0].send('2["bcast"]');
  for (const s of all) same(await s.next(), '2["b",1]');
  await all[0].send('2["others"]');
  for (const s of all.slice(1)) same(await s.next(), '2["b",2]');
  for (const s of all) await nothing_more(s);
  all.forEach((s) => s.end());
});

each('a room is who has joined it', 'full', async (url, way) => {
  const all = [];
  for (const w of [way, 'polling', 'websocket']) all.push(await connected(w, url));
  await all[0].send('21["join","a"]');
  same(await all[0].next(), '31[2]');
  await all[0].send('22["join","b"]');
  same(await all[0].next(), '32[3]');
  await all[0].send('23["join","b"]');
  same(await all[0].next(), '33[3]');
  await all[1].send('21["join","b"]');
  same(await all[1].next(), '31[2]');
  await all[2].send('2["to","b"]');
  same(await all[0].next(), '2["r","b"]');
  same(await all[1].next(), '2["r","b"]');
  await all[2].send('2["to","a"]');
  same(await all[0].next(), '2["r","a"]');
  await all[2].send('2["to","empty"]');
  for (const s of all) await nothing_more(s);
  all.forEach((s) => s.end());
});

each('the id of a socket is a room of it', 'full', async (url, way) => {
  const a = await connected(way, url);
  const b = await connected(way, url);
  await b.send(`2["to","${a.ids.sid}"]`);
  same(await a.next(), `2["r","${a.ids.sid}"]`);
  await nothing_more(b);
  a.end();
  b.end();
});

each('a socket that is disconnected is told; its connection stays', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('2["bye"]');
  same(await s.next(), '1');
  await join(s);
  await nothing_more(s);
  s.end();
});

each('a connection that is closed leaves every namespace', 'full', async (url, way) => {
  const s = await connected(way, url);
  await join(s, '/mw', { ok: 1 });
  await s.next();
  await s.send('2["bye-hard"]');
  const told = [];
  for (let m; (m = await s.next()) !== null; ) told.push(m);
  same(told.sort(), ['1', '1/mw,']);
});

each('a request gets its answer as acknowledgement, also where many overlap', 'full',
  async (url, way) => {
    const s = await connected(way, url);
    const requests = [];
    for (let i = 0; i < 16; i++)
      requests.push(`2${i}` + JSON.stringify(['request', { method: 'GET', url: '/hook/' + i }]));
    await s.send(...requests);
    const seen = new Set();
    for (let i = 0; i < 16; i++) {
      const [, id, text] = /^3(\d+)(.*)$/.exec(await s.next());
      const [reply] = JSON.parse(text);
      same(reply.statusCode, 200);
      same(reply.content, `Welcome to '/hook/${id}'... Hello world! :)`);
      seen.add(id);
    }
    same(seen.size, 16);
    s.end();
  });

each('a request without an acknowledgement is not answered', 'full', async (url, way) => {
  const s = await connected(way, url);
  await s.send('2["request",{"method":"GET","url":"/"}]');
  await nothing_more(s);
  s.end();
});

// ---- polling alone

const bad_starts = { 'a second CONNECT': '0', 'an event to a namespace not joined': '2/mw,["e"]',
  'what is no packet': 'abc' };
for (const what of Object.keys(bad_starts))
  cases.push([`polling: after ${what} the next poll is told of the end`, async ({ full }) => {
    const s = await connected('polling', full);
    await s.send(bad_starts[what]);
    same([s.posted.status, s.posted.body], [200, 'ok']);
    same(await s.poll(), '6\x1e1');
    same(await s.poll(), null);
  }]);

cases.push(['polling: the poll of a client that closes is answered with nothing', async ({ full }) => {
  const s = await connected('polling', full);
  const poll = s.poll();
  await arrives();
  await s.packets('1');
  same(await poll, '6');
  same(await s.poll(), null);
}]);

cases.push(['polling: a second poll ends the session, and the first one is told', async ({ full }) => {
  const s = await connected('polling', full);
  const poll = s.poll();
  await arrives();
  const second = await ask(s.url, 'GET');
  same([second.status, second.body, await poll, await s.poll()], [400, '', '1', null]);
}]);

// Sends the beginning of a request by hand; gives the socket.
const begin = async (url, head) => {
  const { hostname, port, pathname, search } = new URL(url);
  const socket = require('net').connect(port, hostname);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.on('error', () => {});
  socket.write(head.replace('TARGET', pathname + search));
  return socket;
};
const half_a_post =
  'POST TARGET HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 12\r\n\r\n';
const continued = (socket) => new Promise((resolve) => socket.once('data', resolve));

cases.push(['polling: a second post ends the session', async ({ full }) => {
  const s = await connected('polling', full);
  const socket = await begin(s.url, half_a_post);
  await continued(socket);
  await s.send('2["echo"]');
  same([s.posted.status, s.posted.body, await s.poll()], [400, '', null]);
  socket.destroy();
}]);

cases.push(['polling: a post that is broken off ends the session', async ({ full }) => {
  const s = await connected('polling', full);
  const poll = s.poll();
  await arrives();
  const socket = await begin(s.url, half_a_post);
  await continued(socket);
  socket.destroy();
  same(await poll, '1');
  same(await s.poll(), null);
}]);

cases.push(['polling: control characters in an origin are a bad request', async ({ full }) => {
  const url = full + '/socket.io/?EIO=4&transport=polling';
  const socket = await begin(url, 'GET TARGET HTTP/1.1\r\nHost: a\r\nOrigin: a\x01\r\n\r\n');
  const reply = String(await continued(socket));
  assert.match(reply, /^HTTP\/1.1 400 [^]*\r\n\r\n{"code":3,"message":"Bad request"}$/);
}]);

cases.push(['polling: the server may send more than it takes', async ({ full }) => {
  const s = await connected('polling', full);
  await s.send('2["big",3000000]');
  same((await s.poll()).length, '42["big",""]'.length + 3000000);
}]);

cases.push(['polling: a body has a limit, and one beyond it leaves the session', async ({ full }) => {
  const s = await connected('polling', full);
  const big = (size) => '2["none","' + 'x'.repeat(size - '42["none",""]'.length) + '"]';
  await s.send(big(1000000));
  same([s.posted.status, s.posted.body], [200, 'ok']);
  await s.send(big(1000001));
  same([s.posted.status, s.posted.body], [413, '']);
  await nothing_more(s);
}]);

cases.push(['polling: as many packets may come at once as fit, and all are answered',
  async ({ full }) => {
    const s = await connected('polling', full);
    const many = [...Array(2000).keys()].map((n) => `2${n}["echo"]`);
    await s.send(...many);
    const answers = [];
    while (answers.length < many.length) answers.push(...(await s.poll()).split('\x1e'));
    same(answers, many.map((_, n) => `43${n}[]`));
  }]);

cases.push(['polling: a client that does not poll is given up', async ({ full }) => {
  const s = await connected('polling', full);
  for (let i = 0; i < 12; i++) await s.send('2["big",100000]');
  same(await s.poll(), null);
}]);

cases.push(['polling: a client that connects may send events in the same payload',
  async ({ full }) => {
    const s = await open('polling', full);
    await s.send('0', '21["echo",1]');
    payload(await s.next(), '0');
    same(await s.next(), '31[1]');
  }]);

cases.push(['the answer to a ping may come by either transport during an upgrade',
  async ({ quick }) => {
    const WebSocket = require('ws');
    for (const way of ['polling', 'websocket']) {
      const s = await open('polling', quick);
      await s.send('0');
      payload(await s.next(), '0');
      const socket = new WebSocket(
        `${quick.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket&sid=${s.open.sid}`);
      const arrived = [];
      socket.on('message', (data) => {
        arrived.push(data.toString());
        if (data.toString() === '2') socket.send('3');
      });
      await new Promise((resolve) => socket.on('open', resolve));
      socket.send('2probe');
      let got;
      while (!(got = await s.poll()).includes('2')) same(got, '6');
      if (way === 'polling') await s.packets('3');
      socket.send('5');
      if (way === 'websocket') socket.send('3');
      while (arrived.length < 3) await new Promise((resolve) => socket.once('message', resolve));
      same([arrived[0], socket.readyState], ['3probe', WebSocket.OPEN]);
      same(arrived.slice(1).every((m) => m === '2'), true);
      socket.terminate();
    }
  }]);

cases.push(['polling: attachments stay with their packet', async ({ full }) => {
  const s = await connected('polling', full);
  await s.send('2["bin"]', '20["echo",1]', '2["bin"]');
  const got = (await s.poll()).split('\x1e');
  const packet = `452-["bin",${ph_text(0)},{"a":[${ph_text(1)}]}]`;
  same(got, [packet, 'bAQID', 'b', '430[1]', packet, 'bAQID', 'b']);
}]);

cases.push(['an upgrade keeps the order of packets and attachments', async ({ full }) => {
  const WebSocket = require('ws');
  for (let round = 0; round < 10; round++) {
    const s = await connected('polling', full);
    await s.send('2["bin"]');
    const socket = new WebSocket(
      `${full.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket&sid=${s.open.sid}`);
    const arrived = [];
    const ready = new Promise((resolve) =>
      socket.on('message', (data, binary) => {
        arrived.push(binary ? data : data.toString());
        if (arrived.length === 1) resolve();
      }));
    await new Promise((resolve) => socket.on('open', resolve));
    socket.send('2probe');
    await ready;
    same(arrived.shift(), '3probe');
    const first = await s.poll();
    await s.send('2["bin"]', '20["echo",7]');
    socket.send('5');
    socket.send('41');
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.send('40');
    socket.send('4999["none"]');  // ends it
    await closed;
    const all = first.split('\x1e').concat(
      arrived.filter((m) => m !== '6').map((m) => (typeof m === 'string' ? m : 'b' + m.toString('base64'))));
    const packet = `452-["bin",${ph_text(0)},{"a":[${ph_text(1)}]}]`;
    const texts = all.filter((m) => !m.startsWith('40') && m !== '6');
    same(texts, [packet, 'bAQID', 'b', packet, 'bAQID', 'b', '430[7]']);
  }
}]);

cases.push(['a request that the application refuses gets 403, a WebSocket 400', async ({ full }) => {
  const headers = { 'x-deny': '1' };
  const got = await ask(full + '/socket.io/?EIO=4&transport=polling', 'GET', '', headers);
  same([got.status, got.body], [403, '{"code":4,"message":"denied by test"}']);
  await assert.rejects(open('websocket', full, { headers }), /400/);
}]);

// ---- recovery of the state of a connection

const offset_of = (text) => JSON.parse(text.slice(text.indexOf('['))).pop();

each('without recovery there is no private id, and no offset', 'full', async (url, way) => {
  const s = await connected(way, url);
  same(Object.keys(s.ids), ['sid']);
  await s.send('2["bcast"]');
  same(await s.next(), '2["b",1]');
  s.end();
});

each('events have an offset, but for those that ask for an acknowledgement', 'recovery',
  async (url, way) => {
    const s = await connected(way, url);
    same(Object.keys(s.ids).sort(), ['pid', 'sid']);
    await s.send('2["bcast"]');
    const [name, value, offset, ...rest] = payload(await s.next(), '2');
    same([name, value, typeof offset, rest.length], ['b', 1, 'string', 0]);
    await s.send('25["echo",1]');
    same(await s.next(), '35[1]');
    await asked(s);
    await s.send('2["num"]');
    same(payload(await s.next(), '2').length, 3);
    s.end();
  });

// Loses the connection, as when the network goes.
const lost = async (s) => {
  if (s.socket) s.socket.terminate();
  else {
    // a poll that is given up
    const request = require('http').get(s.url);
    request.on('error', () => {});
    await arrives();
    request.destroy();
  }
  await arrives();
};

each('who comes back gets what was missed, then the ids and rooms of before', 'recovery',
  async (url, way) => {
    const s = await connected(way, url);
    const other = await connected(way, url);
    await s.send('21["join","room"]');
    same(await s.next(), '31[2]');
    await s.send('2["to","room"]');
    const offset = offset_of(await s.next());
    await lost(s);
    await other.send('2["to","room"]');
    await other.send('2["others"]');
    await other.send('2["to","elsewhere"]');
    await nothing_more(other);
    const back = await open(way, url);
    await back.send('0' + JSON.stringify({ pid: s.ids.pid, offset }));
    same(payload(await back.next(), '2').slice(0, 2), ['r', 'room']);
    same(payload(await back.next(), '2').slice(0, 2), ['b', 2]);
    same(payload(await back.next(), '0'), s.ids);
    await other.send('2["to","room"]');
    same(payload(await back.next(), '2').slice(0, 2), ['r', 'room']);
    await nothing_more(back);
    back.end();
    other.end();
  });

each('bytes that were missed come too', 'recovery', async (url, way) => {
  const s = await connected(way, url);
  await s.send('2["bin"]');
  const first = await s.next();
  same(payload(first, '52-').slice(0, 3), ['bin', ph(0), { a: [ph(1)] }]);
  await s.next();
  await s.next();
  const offset = offset_of(first);
  await s.send('2["bin"]');
  for (let i = 0; i < 3; i++) await s.next();
  await lost(s);
  const back = await open(way, url);
  await back.send('0' + JSON.stringify({ pid: s.ids.pid, offset }));
  same(payload(await back.next(), '52-').slice(0, 3), ['bin', ph(0), { a: [ph(1)] }]);
  same([await back.next(), await back.next()], [bytes(1, 2, 3), bytes()]);
  same(payload(await back.next(), '0'), s.ids);
  back.end();
});

each('a state is recovered once', 'recovery', async (url, way) => {
  const s = await connected(way, url);
  await s.send('2["bcast"]');
  const offset = offset_of(await s.next());
  await lost(s);
  const again = '0' + JSON.stringify({ pid: s.ids.pid, offset });
  const first = await open(way, url);
  await first.send(again);
  same(payload(await first.next(), '0'), s.ids);
  const second = await open(way, url);
  await second.send(again);
  const ids = payload(await second.next(), '0');
  assert.notEqual(ids.sid, s.ids.sid);
  assert.notEqual(ids.pid, s.ids.pid);
  first.end();
  second.end();
});

for (const [what, lose] of [
  ['an unknown private id', async (s, offset) => ({ pid: 'nobody', offset })],
  ['an unknown offset', async (s) => (await lost(s), { pid: s.ids.pid, offset: 'nowhere' })],
  ['no offset', async (s) => (await lost(s), { pid: s.ids.pid })],
  ['an offset that is no text', async (s) => (await lost(s), { pid: s.ids.pid, offset: 7 })],
  ['who left by itself', async (s, offset) => {
    await s.send('1');
    await lost(s);
    return { pid: s.ids.pid, offset };
  }],
])
  each(`${what} recovers nothing, and is no error`, 'recovery', async (url, way) => {
    const s = await connected(way, url);
    await s.send('2["bcast"]');
    const auth = await lose(s, offset_of(await s.next()));
    const back = await open(way, url);
    const ids = await join(back, '/', auth);
    same(Object.keys(ids).sort(), ['pid', 'sid']);
    assert.notEqual(ids.sid, s.ids.sid);
    await nothing_more(back);
    back.end();
    s.end();
  });

// ---- packets of MessagePack: each is one message of bytes

const { encode, decode } = require('notepack.io');

const joined = async (way, url) => {
  const s = await open(way, url);
  await s.send(encode({ type: 0, nsp: '/' }));
  const m = await s.next();
  assert.ok(m instanceof Buffer, 'no bytes: ' + m);
  const { type, nsp, data } = decode(m);
  same([type, nsp, typeof data.sid], [0, '/', 'string']);
  return s;
};

each('MessagePack: events and acknowledgements, with bytes in their places', 'msgpack',
  async (url, way) => {
    const s = await joined(way, url);
    const values = [1, -1, 1.5, 'x\u20ac', null, true, { a: [bytes(1, 2), bytes()] }, 2 ** 40, [],
      Buffer.alloc(300, 1), Buffer.alloc(70000, 2)];
    await s.send(encode({ type: 2, nsp: '/', data: ['echo', ...values] }));
    same(decode(await s.next()), { type: 2, data: ['echo', ...values], nsp: '/' });
    await s.send(encode({ type: 2, nsp: '/', id: 7, data: ['echo', ...values] }));
    same(decode(await s.next()), { type: 3, data: values, nsp: '/', id: 7 });
    await s.send(encode({ type: 2, nsp: '/', data: ['bin'], options: { compress: true } }));
    same(decode(await s.next()), { type: 2, nsp: '/', data: ['bin', bytes(1, 2, 3), { a: [bytes()] }] });
    await s.send(encode({ type: 2, nsp: '/', data: ['ackme', 20000] }));
    const q = decode(await s.next());
    same([q.type, q.data, typeof q.id], [2, ['q', 1], 'number']);
    await s.send(encode({ type: 3, nsp: '/', id: q.id, data: ['v'] }));
    same(decode(await s.next()).data, ['acked', null, 'v']);
    s.end();
  });

each('MessagePack: namespaces, refused and joined', 'msgpack', async (url, way) => {
  const s = await joined(way, url);
  await s.send(encode({ type: 0, nsp: '/mw', data: { no: 1 } }));
  same(decode(await s.next()), { type: 4, data: { message: 'nope', data: { code: 7 } }, nsp: '/mw' });
  await s.send(encode({ type: 0, nsp: '/nope' }));
  same(decode(await s.next()).data, { message: 'Invalid namespace' });
  await s.send(encode({ type: 0, nsp: '/mw', data: { ok: bytes(1) } }));
  same(decode(await s.next()).type, 0);
  same(decode(await s.next()).data, ['hi', { ok: bytes(1) }, null]);
  await s.send(encode({ type: 2, nsp: '/', data: ['bye'] }));
  same(decode(await s.next()), { type: 1, nsp: '/' });
  s.end();
});

for (const [what, message] of [
  ['a text', '2["echo"]'],
  ['an unknown type', encode({ type: 5, nsp: '/', data: ['echo'] })],
  ['a type that is a text', encode({ type: '2', nsp: '/', data: ['echo'] })],
  ['no type', encode({ nsp: '/', data: ['echo'] })],
  ['no namespace', encode({ type: 2, data: ['echo'] })],
  ['a namespace that is a number', encode({ type: 2, nsp: 1, data: ['echo'] })],
  ['an event without arguments', encode({ type: 2, nsp: '/', data: [] })],
  ['an event whose data are no array', encode({ type: 2, nsp: '/', data: { 0: 'echo' } })],
  ['an acknowledgement number that is a fraction', encode({ type: 2, nsp: '/', id: 1.5, data: ['echo'] })],
  ['an acknowledgement number that is a text', encode({ type: 2, nsp: '/', id: '1', data: ['echo'] })],
  ['a CONNECT whose data are a text', encode({ type: 0, nsp: '/mw', data: 'x' })],
  ['what is no map', encode([2, '/', ['echo']])],
  ['half of a packet', encode({ type: 2, nsp: '/', data: ['echo', 'x'.repeat(50)] }).subarray(0, 30)],
  ['more than a packet', Buffer.concat([encode({ type: 2, nsp: '/', data: ['none'] }), bytes(1)])],
  ['no bytes at all', bytes()],
])
  each(`MessagePack: ${what} closes the session`, 'msgpack', async (url, way) => {
    const s = await joined(way, url);
    await s.send(message);
    await closes(s);
    s.end();
  });

exports.cases = cases;
