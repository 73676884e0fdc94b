# Distributed under the Boost Software License, Version 1.0. See LICENSE.
"""python_client.py URL: what python-socketio's client does with the application `full` at URL."""

import queue
import sys

import socketio

PATIENCE = 20
failed = 0
url = sys.argv[1]


class Client:
    """A connection over one transport, or over polling and then WebSocket."""

    def __init__(self, transports, namespaces=("/",), auth=None):
        self.client = socketio.Client(reconnection=False)
        self.told = queue.Queue()
        for namespace in namespaces:
            for event in ("echo", "bin", "acked", "r", "b", "hi", "dyn", "big"):
                self.client.on(event, self.listener(event), namespace=namespace)
        self.client.on("q", lambda n: ("answer", n))
        self.client.on("disconnect", lambda: self.told.put(("disconnect",)))
        self.client.connect(url, transports=transports, namespaces=list(namespaces), auth=auth,
                            wait_timeout=PATIENCE)

    def listener(self, event):
        return lambda *args: self.told.put((event, *args))

    def wants(self, *expected):
        got = self.told.get(timeout=PATIENCE)
        assert got == expected, f"got {got!r:.200}, not {expected!r:.200}"

    def ask(self, event, *args):
        return self.client.call(event, args or None, timeout=PATIENCE)

    def emit(self, event, *args):
        self.client.emit(event, args or None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()


def everything_comes_back(transports):
    with Client(transports) as c:
        values = ({"a": [1, None, "\u20ac\U0001f600"]}, b"\x01\x02\xff", -1.5, True)
        c.emit("echo", *values)
        c.wants("echo", *values)
        assert tuple(c.ask("echo", *values)) == values
        assert c.ask("echo", "x") == "x"


def the_server_asks(transports):
    with Client(transports) as c:
        c.emit("ackme", 20000)
        c.wants("acked", None, "answer")


def bytes_of_the_server(transports):
    with Client(transports) as c:
        c.emit("bin")
        c.wants("bin", b"\x01\x02\x03", {"a": [b""]})


def rooms(transports):
    with Client(transports) as a, Client(transports) as b:
        assert a.ask("join", "python") == 2
        b.emit("to", "python")
        a.wants("r", "python")
        b.emit("others")
        a.wants("b", 2)
        assert b.ask("echo", 1) == 1
        assert b.told.empty()


def big_messages(transports):
    with Client(transports) as c:
        c.emit("big", 600000)
        c.wants("big", "x" * 600000)
        assert c.ask("echo", b"y" * 600000) == b"y" * 600000


def namespaces(transports):
    with Client(transports, ("/mw", "/dyn-5"), {"ok": True}) as c:
        told = sorted(str(c.told.get(timeout=PATIENCE)) for _ in range(2))
        assert told == ["('dyn', '/dyn-5')", "('hi', {'ok': True}, None)"], told


def a_middleware_refuses(transports):
    client = socketio.Client(reconnection=False)
    told = queue.Queue()
    client.on("connect_error", told.put, namespace="/mw")
    # connect() would wait for the namespace until its time is over
    client.connect(url, transports=transports, namespaces=["/mw"], wait=False)
    error = told.get(timeout=PATIENCE)
    client.disconnect()
    assert error == {"message": "nope", "data": {"code": 7}}, error


def heartbeats(transports):
    with Client(transports) as c:
        for n in range(40):
            c.client.sleep(0.05)
            assert c.ask("echo", n) == n


def the_server_says_good_bye(transports):
    c = Client(transports)
    c.emit("bye")
    c.wants("disconnect")


for transports in (["polling"], ["websocket"], ["polling", "websocket"]):
    for case in (everything_comes_back, the_server_asks, bytes_of_the_server, rooms, big_messages,
                 namespaces, a_middleware_refuses, heartbeats, the_server_says_good_bye):
        name = f"python, {' and '.join(transports)}: {case.__name__.replace('_', ' ')}"
        try:
            case(transports)
            print("ok      " + name, flush=True)
        except Exception as e:
            failed += 1
            print(f"FAILED  {name}: {type(e).__name__} {e}", flush=True)

sys.exit(1 if failed else 0)
