// Distributed under the Boost Software License, Version 1.0. See LICENSE.
//
// The buttons below the pipeline: what each does, and the sentence that it leaves.

const token = { authorization: 'Bearer demo' };
const workers = 4;

export const addButtons = ({ $, clients, panes, request }) => {
  const result = (id, text, kind = '') => {
    $(`${id}-result`).textContent = text;
    $(`${id}-result`).dataset.kind = kind;
  };
  const control = async (method, what) => {
    const reply = await fetch(`/demo/${what}`, { method, headers: token });
    if (!reply.ok) throw new Error(`the server says ${reply.status}`);
    return reply.json();
  };
  /** Calls a function when a button is pressed; shows what it throws. */
  const on = (id, resultId, f) =>
    $(id).addEventListener('click', () => f().catch((e) => result(resultId, e.message, 'refused')));

  /** Sends one request over all clients that are open; gives their names and replies. */
  const everywhere = async (headers) => {
    const open = Object.entries(panes).filter(([, pane]) => !pane.button.disabled);
    return Promise.all(open.map(async ([name, pane]) => {
      const reply = await pane.send(request({ headers }));
      return [name, reply.statusCode];
    }));
  };
  const refusals = (replies) => {
    const refused = replies.filter(([, status]) => status === 401).length;
    return `${refused} of ${replies.length} refused with 401`;
  };

  on('no-token', 'no-token', async () => {
    const replies = await everywhere({});
    result('no-token', refusals(replies), 'good');
  });

  on('spoof', 'spoof', async () => {
    const replies = await everywhere({
      'x-httphooks-request-type': 'remote-hook',
      'x-httphooks-hook-type-filter': 'responder',
    });
    const { spoofed } = await control('GET', 'state');
    result('spoof', `${refusals(replies)}; ${spoofed} spoofed so far`, 'good');
  });

  // A load: some workers that send one request after another, and count.

  const load = { running: false, done: 0, failed: 0, changes: 0, extra: 0 };
  const showLoad = () => {
    const { done, failed, changes, extra } = load;
    result('load', `${done} requests, ${failed} failed; hooks changed: ${changes}; ` +
      `replies with the hook: ${extra}`, failed ? 'refused' : 'good');
  };
  const work = async () => {
    while (load.running) {
      try {
        const reply = await fetch('/notes/1', { headers: token, cache: 'no-store' });
        await reply.text();
        if (reply.status !== 200) ++load.failed;
        if (reply.headers.has('x-extra')) ++load.extra;
      } catch {
        ++load.failed;
        load.running = false;
      }
      ++load.done;
    }
  };
  const stopLoad = () => {
    load.running = false;
    $('load').textContent = 'Start load';
    $('load').setAttribute('aria-pressed', 'false');
  };
  on('load', 'load', async () => {
    if (load.running) return stopLoad();
    Object.assign(load, { running: true, done: 0, failed: 0, changes: 0, extra: 0 });
    $('load').textContent = 'Stop load';
    $('load').setAttribute('aria-pressed', 'true');
    const shown = setInterval(showLoad, 100);
    await Promise.all(Array.from({ length: workers }, work));
    clearInterval(shown);
    stopLoad();
    showLoad();
  });
  on('extra', 'load', async () => {
    const add = $('extra').getAttribute('aria-pressed') === 'false';
    await control(add ? 'PUT' : 'DELETE', 'hook');
    ++load.changes;
    showLoad();
  });

  on('overlap', 'overlap', async () => {
    const began = performance.now();
    const order = [];
    const ask = async (name) => {
      await clients.websocket.send({ method: 'GET', url: `/tasks/${name}`, headers: token });
      order.push(`${name} after ${Math.round(performance.now() - began)} ms`);
    };
    result('overlap', 'both sent');
    await Promise.all([ask('slow'), ask('fast')]);
    result('overlap', order.join(', '), 'good');
  });

  let drained;
  on('drain', 'drain', async () => {
    $('drain').disabled = true;
    drained = { from: undefined, to: undefined };
    await control('POST', 'drain');
    result('drain', 'draining');
  });

  return {
    onState({ sessions, extra, draining }) {
      $('extra').textContent = extra ? 'Remove the hook' : 'Add a hook';
      $('extra').setAttribute('aria-pressed', String(extra));
      $('drain').disabled = draining;
      if (draining) {
        drained ??= {};
        drained.from ??= sessions;
        drained.to = sessions;
        result('drain', `sessions: ${drained.from} \u2192 ${sessions}`);
      } else if (drained?.gone) {
        result('drain', `drained from ${drained.from} sessions to ${drained.to}; this is the next server`, 'good');
        drained = undefined;
      }
    },
    onGone() {
      stopLoad();
      if (drained) drained.gone = true;
    },
  };
};
