// Distributed under the Boost Software License, Version 1.0. See LICENSE.
//
// A pane shows one client: its connection, a button that sends, request, reply and latency, if it can
// send, and what was pushed.

export const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

/** JSON with a line for each member; other text as it is. */
const indented = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch {
    return text.trim();
  }
};

/** What there is to read of a reply: its parts, if it has several. */
const readable = ({ headers = {}, content = '' }) => {
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type');
  const boundary = type && /^multipart\/.*boundary="?([^";]+)/.exec(type[1]);
  if (!boundary) return indented(content);
  return content
    .split('--' + boundary[1])
    .slice(1, -1)
    .map((part) => {
      const [head, body] = part.split('\r\n\r\n').slice(1);
      return `${head.split('\r\n')[0]}\n${body.trim()}`;
    })
    .join('\n\n');
};

const milliseconds = (time) => (time < 10 ? time.toFixed(1) : Math.round(time)) + ' ms';

export class Pane {
  /** @param request gives the request that the form describes */
  constructor(root, client, request) {
    this.client = client;
    this.request = request;
    this.state = element('span', { class: 'state', role: 'status' });
    this.button = element('button', { type: 'button', class: 'send' }, 'Send');
    this.asked = element('p', { class: 'asked' }, 'no request yet');
    this.status = element('p', { class: 'status' });
    this.body = element('pre', { tabindex: '0', 'aria-label': 'Body of the reply' });
    this.pushed = element('p', { class: 'pushed' });
    const live = element('div', { class: 'answer', 'aria-live': 'polite' }, this.status, this.body);
    root.querySelector('h2').append(this.state);
    this.tools = element('div', { class: 'tools' }, this.button);
    if (client.send) root.append(this.tools, this.asked, live);
    root.append(this.pushed);

    this.button.addEventListener('click', () => this.send().catch(() => {}));
    client.onState = (text, open) => {
      this.state.textContent = text;
      this.state.dataset.open = open;
      this.button.disabled = !open || !client.send;
    };
  }

  /** Sends a request, shows it and its reply, and gives the reply. */
  async send(request = this.request()) {
    this.asked.textContent = `${request.method} ${request.url}`;
    this.status.textContent = '';
    const began = performance.now();
    let reply;
    try {
      reply = await this.client.send(request);
    } catch (e) {
      this.status.textContent = e.message;
      this.status.dataset.kind = 'failed';
      this.body.textContent = '';
      throw e;
    }
    const took = milliseconds(performance.now() - began);
    const kind = reply.statusCode < 300 ? 'good' : 'refused';
    this.status.replaceChildren(
      element('b', {}, String(reply.statusCode)), ' ', element('span', { class: 'took' }, took));
    this.status.dataset.kind = kind;
    this.status.dataset.status = reply.statusCode;
    this.body.textContent = readable(reply);
    return reply;
  }

  showPush(note) {
    this.pushed.textContent = `pushed: note ${note.note}, version ${note.version}`;
  }
}
