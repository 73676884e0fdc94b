// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// What is done with each transport. It runs in node and in pages, so it is self-contained: each
// function takes a SockJS constructor, and its promise rejects when something is wrong.
(function (where) {
  'use strict';

  var control = '';
  for (var i = 0; i < 32; i++) control += String.fromCharCode(i);

  var strings = [
    'plain',
    '',
    control,
    '\u007f\u0080\u009f\u00ad\u0300',
    '%41%E4%%%25',
    '\u200b\u200c\u200f\u2028\u2029\u202f\u2060\u206f\ufeff\ufff0\uffff',
    '\ud800',
    'a\udc00b\ud83d',
    '\ud83d\ude00\ud83d\ude00',
    '"\\/\b\f\n\r\t\'',
    '</script><script>window.broken = true;</script>',
    '<!--<script>&amp;]]>',
    '[]{}a["x"]c[1,"y"]',
    new Array(9001).join('x'),
    new Array(1001).join('\u00e4\u20ac'),
  ];

  function show(s) {
    return JSON.stringify(s.length > 60 ? s.slice(0, 60) + '...' : s);
  }

  // By itself the client gives a transport as little as 300 ms.
  function open(SockJS, url, transport) {
    var options = { timeout: 10000 };
    if (transport) options.transports = [transport];
    return new SockJS(url, null, options);
  }

  // Every code unit that there is, lone surrogates too.
  function units() {
    var all = [];
    for (var first = 0; first < 0x10000; first += 0x2000) {
      var s = '';
      for (var unit = first; unit < first + 0x2000; unit++) s += String.fromCharCode(unit);
      all.push(s);
    }
    return all;
  }

  // Strings come back as they went.
  function echo(SockJS, base, transport, strings) {
    return new Promise(function (resolve, reject) {
      var socket = open(SockJS, base + '/echo', transport);
      var expected = strings.slice();
      socket.onopen = function () {
        strings.forEach(function (s) {
          socket.send(s);
        });
      };
      socket.onmessage = function (e) {
        var wanted = expected.shift();
        if (e.data !== wanted) {
          reject(new Error('got ' + show(e.data) + ' for ' + show(wanted)));
          socket.close();
        } else if (expected.length === 0) {
          socket.close();
        }
      };
      socket.onclose = function (e) {
        if (typeof window !== 'undefined' && window.broken) reject(new Error('a message was run'));
        else if (e.code === 1000 && expected.length === 0) resolve(socket.transport);
        else reject(new Error('closed: ' + e.code + ' ' + e.reason));
      };
    });
  }

  where.echo = function (SockJS, base, transport) {
    return echo(SockJS, base, transport, strings);
  };

  where.unicode = function (SockJS, base, transport) {
    return echo(SockJS, base, transport, units());
  };

  // The server's close arrives with code and reason.
  where.close = function (SockJS, base, transport) {
    return new Promise(function (resolve, reject) {
      var socket = open(SockJS, base + '/close', transport);
      var opened = false;
      socket.onopen = function () {
        opened = true;
      };
      socket.onclose = function (e) {
        if (opened && e.code === 3000 && e.reason === 'Go away!' && e.wasClean) resolve();
        else reject(new Error('closed: ' + opened + ' ' + e.code + ' ' + e.reason));
      };
    });
  };

  // A message is a request to the hooks.
  where.hook = function (SockJS, base, transport) {
    return new Promise(function (resolve, reject) {
      var socket = open(SockJS, base + '/hooks', transport);
      socket.onopen = function () {
        socket.send(
          JSON.stringify({
            method: 'GET',
            url: '/hook',
            headers: { 'Content-Type': 'application/json' },
            content: JSON.stringify({ message: 'Hello World' }),
          })
        );
      };
      socket.onmessage = function (e) {
        var reply = JSON.parse(e.data);
        if (reply.statusCode === 200 && reply.content === "Welcome to '/hook'... Hello world! :)")
          resolve();
        else reject(new Error(e.data));
        socket.close();
      };
      socket.onclose = function (e) {
        reject(new Error('closed: ' + e.code + ' ' + e.reason));
      };
    });
  };

  // Messages larger than a streaming response arrive whole.
  where.amplify = function (SockJS, base, transport) {
    return new Promise(function (resolve, reject) {
      var socket = open(SockJS, base + '/amplify', transport);
      var expected = [2, 1024, 131072, 262144];
      socket.onopen = function () {
        ['1', '10', '17', '18'].forEach(function (s) {
          socket.send(s);
        });
      };
      socket.onmessage = function (e) {
        var wanted = expected.shift();
        if (e.data.length !== wanted || /[^x]/.test(e.data))
          reject(new Error('got ' + e.data.length + ' for ' + wanted));
        else if (expected.length === 0) resolve();
        else return;
        socket.close();
      };
      socket.onclose = function (e) {
        reject(new Error('closed: ' + e.code + ' ' + e.reason));
      };
    });
  };

  where.names = ['echo', 'unicode', 'close', 'hook', 'amplify'];
})(typeof module === 'undefined' ? (window.cases = {}) : module.exports);
