// Distributed under the Boost Software License, Version 1.0. See LICENSE.
//
// Puts the page together: the form, the panes, the pipeline, the buttons, the notes.

import { EventsClient, FetchClient, SocketIOClient, SockJSClient, WebSocketClient } from './clients.js';
import { Pane, element } from './pane.js';
import { Pipeline } from './pipeline.js';
import { addButtons } from './buttons.js';

const $ = (id) => document.getElementById(id);
const me = `browser ${Math.random().toString(36).slice(2, 6)}`;

/** The request that the form describes. */
const request = (more = {}) => {
  const method = document.querySelector('input[name=method]:checked').value;
  const history = $('history').checked && method === 'GET' ? '?history=1' : '';
  const content = method === 'PUT' ? JSON.stringify({ text: $('note-text').value, by: me }) : undefined;
  return {
    method,
    url: `/notes/${encodeURIComponent($('note-id').value || '1')}${history}`,
    headers: { authorization: 'Bearer demo' },
    content,
    ...more,
  };
};

const showMethod = () => {
  const put = document.querySelector('input[name=method]:checked').value === 'PUT';
  $('request').classList.toggle('put', put);
  $('note-text').disabled = !put;
  $('history').disabled = put;
};
for (const radio of document.querySelectorAll('input[name=method]'))
  radio.addEventListener('change', showMethod);
showMethod();

// The panes.

const clients = {
  fetch: new FetchClient(),
  sockjs: new SockJSClient(),
  socketio: new SocketIOClient(),
  websocket: new WebSocketClient(),
  events: new EventsClient(),
};
const panes = Object.fromEntries(
  Object.entries(clients).map(([name, client]) => [name, new Pane($(name), client, request)]));

const transport = element('select', { id: 'transport', 'aria-label': 'SockJS transport' },
  ...['websocket', 'xhr-streaming', 'eventsource', 'iframe-htmlfile', 'xhr-polling', 'jsonp-polling']
    .map((name) => element('option', {}, name)));
transport.addEventListener('change', () => {
  clients.sockjs.close();
  clients.sockjs.transport = transport.value;
  clients.sockjs.connect();
});
panes.sockjs.tools.append(transport);

const again = element('button', { type: 'button', id: 'again' }, 'Connect again');
again.addEventListener('click', () => clients.socketio.connect());
panes.socketio.tools.append(again);

$('request').addEventListener('submit', (event) => {
  event.preventDefault();
  for (const pane of Object.values(panes)) if (!pane.button.disabled) pane.send().catch(() => {});
});

// The notes: every socket, and the stream of events, is told of each; it is shown once.

const versions = new Map();
for (const [name, client] of Object.entries(clients))
  client.onNote = (note) => {
    panes[name].showPush(note);
    if (versions.get(note.note) >= note.version) return;
    versions.set(note.note, note.version);
    const list = $('notes');
    list.querySelector('.none')?.remove();
    list.querySelector(`[data-note="${CSS.escape(note.note)}"]`)?.remove();
    const from = note.by === me ? 'this browser' : note.by || 'somebody';
    list.prepend(element('li', { 'data-note': note.note, class: note.by === me ? 'mine' : undefined },
      element('b', {}, note.note), element('span', { class: 'said' }, note.text),
      element('small', {}, `${from}, over ${note.via}`)));
    while (list.children.length > 8) list.lastElementChild.remove();
  };

// The pipeline, over Socket.IO on a connection of its own.

const pipeline = new Pipeline(document);
const showServer = (state, text) => {
  $('server').dataset.state = state;
  $('server-text').textContent = text;
};
const buttons = addButtons({ $, clients, panes, request });

if (window.io) {
  const trace = window.io('/trace', { reconnectionDelay: 300, reconnectionDelayMax: 1000 });
  let hooks;
  trace.on('connect', () => {
    pipeline.clear();
    for (const client of Object.values(clients)) {
      client.close();
      client.connect();
    }
  });
  trace.on('disconnect', (reason) => {
    showServer('gone', 'the server has gone; waiting for the next');
    buttons.onGone();
    if (reason === 'io server disconnect') trace.connect();
  });
  trace.on('state', (state) => {
    const described = JSON.stringify(state.hooks);
    if (described !== hooks) pipeline.setHooks(state.hooks);
    hooks = described;
    const sessions = `${state.sessions} open session${state.sessions === 1 ? '' : 's'}`;
    showServer(state.draining ? 'draining' : 'open', state.draining ? `draining: ${sessions}` : sessions);
    buttons.onState(state);
  });
  trace.on('events', (events) => pipeline.show(events));
} else {
  showServer('gone', 'socket.io-client is not installed: no pipeline');
  for (const client of Object.values(clients)) client.connect();
}
