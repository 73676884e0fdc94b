// Distributed under the Boost Software License, Version 1.0. See LICENSE.
//
// Four ways to the same hooks, and one that only listens. Each client has
//   send({method, url, headers, content})  a promise of {statusCode, headers, content}; but for events
//   onState(text, open)                    called when its connection changes
//   onNote(note)                           called with notes that the server pushes
//   connect(), close()

/** Requests that wait for the answer with their id. */
class Waiting {
  constructor() {
    this.last = 0;
    this.open = new Map();
  }
  add(send) {
    return new Promise((resolve, reject) => {
      const id = ++this.last;
      this.open.set(id, { resolve, reject });
      send(id);
    });
  }
  answer(message) {
    const found = this.open.get(message.id);
    this.open.delete(message.id);
    if (found) found.resolve(message);
  }
  fail(why) {
    for (const { reject } of this.open.values()) reject(new Error(why));
    this.open.clear();
  }
}

class Client {
  onState() {}
  onNote() {}
  connect() {}
  close() {}
}

export class FetchClient extends Client {
  connect() {
    this.onState('a request each', true);
  }
  async send({ method, url, headers, content }) {
    const reply = await fetch(url, { method, headers, body: content, cache: 'no-store' });
    return {
      statusCode: reply.status,
      headers: Object.fromEntries(reply.headers),
      content: await reply.text(),
    };
  }
}

/** What SockJS and WebSocket have in common: messages are requests, answers have their id. */
class MessageClient extends Client {
  waiting = new Waiting();

  open(socket, state) {
    this.socket = socket;
    this.onState('connecting', false);
    socket.onopen = () => this.onState(state(), true);
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.note) this.onNote(message);
      else this.waiting.answer(message);
    };
    socket.onclose = ({ code }) => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      this.onState(`closed (${code})`, false);
      this.waiting.fail('the connection was closed');
    };
  }
  async send(request) {
    if (!this.socket) throw new Error('not connected');
    return this.waiting.add((id) => this.socket.send(JSON.stringify({ id, ...request })));
  }
  close() {
    const socket = this.socket;
    this.socket = undefined;
    this.waiting.fail('the connection was closed');
    if (socket) socket.close();
  }
}

export class SockJSClient extends MessageClient {
  transport = 'websocket';

  connect() {
    if (!window.SockJS) return this.onState('sockjs-client is not installed', false);
    const socket = new window.SockJS('/sockjs', null, { transports: this.transport, timeout: 10000 });
    this.open(socket, () => socket.transport);
  }
}

export class WebSocketClient extends MessageClient {
  connect() {
    this.open(new WebSocket(location.origin.replace(/^http/, 'ws') + '/ws'), () => 'websocket');
  }
}

export class SocketIOClient extends Client {
  connect() {
    if (!window.io) return this.onState('socket.io-client is not installed', false);
    this.close();
    this.onState('connecting', false);
    const socket = window.io({ forceNew: true, reconnection: false });
    this.socket = socket;
    let way = '';
    // the upgrade may be there before the namespace is
    socket.io.on('open', () => {
      const engine = socket.io.engine;
      way = engine.transport.name;
      engine.once('upgrade', (to) => {
        way = `${way} \u2192 ${to.name}`;
        if (socket.connected) this.onState(way, true);
      });
    });
    socket.on('connect', () => this.onState(way, true));
    socket.on('disconnect', (reason) => {
      if (this.socket === socket) this.onState(`closed (${reason})`, false);
    });
    socket.on('connect_error', (e) => this.onState(`closed (${e.message})`, false));
    socket.on('note', (note) => this.onNote(note));
  }
  async send(request) {
    if (!this.socket || !this.socket.connected) throw new Error('not connected');
    return this.socket.timeout(10000).emitWithAck('request', request);
  }
  close() {
    const socket = this.socket;
    this.socket = undefined;
    if (socket) socket.disconnect();
  }
}

/** Server-sent events: the browser connects again by itself. */
export class EventsClient extends Client {
  connect() {
    this.close();
    this.onState('connecting', false);
    const source = new EventSource('/events');
    this.source = source;
    source.onopen = () => this.onState('event stream', true);
    source.onmessage = ({ data }) => this.onNote(JSON.parse(data));
    source.onerror = () => this.onState('waiting to connect again', false);
  }
  close() {
    if (this.source) this.source.close();
    this.source = undefined;
  }
}
