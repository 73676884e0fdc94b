# Distributed under the Boost Software License, Version 1.0. See LICENSE.
"""Reads the streamed replies of a conformance server with Python's http.client."""

import http.client
import json
import sys
import urllib.parse

base = urllib.parse.urlparse(sys.argv[1])


def connection():
    return http.client.HTTPConnection(base.hostname, base.port, timeout=20)


c = connection()
c.request("GET", "/stream/lines?n=5&ms=5")
r = c.getresponse()
assert r.getheader("Transfer-Encoding") == "chunked"
assert [json.loads(line)["i"] for line in r] == list(range(5))

# the same connection goes on
c.request("GET", "/stream/bytes?n=1000000")
r = c.getresponse()
assert r.length == 1000000
assert r.read() == bytes(i % 251 for i in range(1000000))

c.request("GET", "/stream/sse?n=2", headers={"Last-Event-ID": "4"})
assert c.getresponse().read() == b"id: 5\ndata: tick 5\n\nid: 6\ndata: tick 6\n\n"

c = connection()
c.request("GET", "/stream/broken")
try:
    c.getresponse().read()
    sys.exit("a stream that fails was taken for a whole one")
except http.client.IncompleteRead as e:
    assert len(e.partial) == 1000

c = connection()
c.request("HEAD", "/stream/lines")
r = c.getresponse()
assert r.status == 200 and r.read() == b""

c = connection()
c.request("GET", "/stream/seen")
seen = json.loads(c.getresponse().read())
assert seen == {"started": 4, "ended": 4, "cancelled": 0}, seen
