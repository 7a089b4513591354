#!/usr/bin/env python3
"""Stands in for the engine: `stand_in.py PORT SECRET_HEX`. `PUT /mode` with up, slow, refusing, failing, once or garbage
says what becomes of the turns after it.

Checks signatures with Python's own hmac, so that the bridge's are checked by something other than itself.
"""

import hashlib
import hmac
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = bytes.fromhex(sys.argv[2])
ANSWER = {"action": "listen", "turn": "4", "say": "none", "prompt": "<speak>말씀해 주세요.</speak>"}
state = {"mode": "up", "nonces": set(), "failures": 0}
lock = threading.Lock()


class Engine(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.reply(200, {})

    def do_PUT(self):
        state["mode"] = self.body().decode()
        state["failures"] = 0
        self.reply(200, {})

    def do_POST(self):
        body = self.body()
        wrong = self.wrong(body)
        if wrong:
            return self.reply(401, {"error": wrong})
        mode = state["mode"]
        if mode == "slow":
            time.sleep(20)
        if mode == "refusing":
            return self.reply(401, {})
        if mode == "failing":
            return self.reply(503, {})
        if mode == "once":
            with lock:
                state["failures"] += 1
                if state["failures"] == 1:
                    return self.reply(503, {})
        if mode == "garbage":
            return self.reply(200, {"action": "listen", "prompt": ""})
        self.reply(200, ANSWER | {"heard": str(len(json.loads(body)))})

    def body(self):
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def wrong(self, body):
        """What is wrong with the signature, if anything."""
        stamp = self.headers.get("x-dialgraph-timestamp", "")
        nonce = self.headers.get("x-dialgraph-nonce", "")
        if self.path != "/v1/connect/turn" or self.headers.get("x-dialgraph-key") != "2026-11":
            return "path or key"
        if not re.fullmatch("[0-9]+", stamp) or abs(time.time() - int(stamp)) > 300:
            return "timestamp"
        with lock:
            if not re.fullmatch("[0-9a-f]{32}", nonce) or nonce in state["nonces"]:
                return "nonce"
            state["nonces"].add(nonce)
        signed = f"v1\n{stamp}\n{nonce}\nPOST\n{self.path}\n".encode() + body
        expected = hmac.new(SECRET, signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, self.headers.get("x-dialgraph-signature", "")):
            return "signature"
        return None

    def reply(self, status, value):
        text = json.dumps(value, ensure_ascii=False).encode()
        try:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Engine).serve_forever()
