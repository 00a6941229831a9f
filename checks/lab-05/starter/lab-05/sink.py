"""A small sink to try your consumer with. It is not graded and you need not change it.

    python lab-05/sink.py          accepts every event
    python lab-05/sink.py 3        refuses every third POST with 503
"""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

REFUSE_EVERY = int(sys.argv[1]) if len(sys.argv) > 1 else 0


class Sink(BaseHTTPRequestHandler):
    count = 0

    def do_POST(self):
        Sink.count += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        refused = REFUSE_EVERY and Sink.count % REFUSE_EVERY == 0
        print("refused " if refused else "accepted", body.decode())
        self.send_response(503 if refused else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


print("listening on http://127.0.0.1:8080")
HTTPServer(("127.0.0.1", 8080), Sink).serve_forever()
