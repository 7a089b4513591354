#!/usr/bin/env python3
"""Prints `vectors.json`: signatures made by Python's hmac, to which the Rust code must agree.

    python3 vectors.py > vectors.json
"""

import hashlib
import hmac
import json

CASES = [
    # key id, secret (hex), timestamp, nonce, method, path, body
    ("2026-11", "00" * 32, 0, "0" * 32, "POST", "/v1/connect/turn", ""),
    ("2026-11", "5a" * 32, 1790000000, "07" * 16, "POST", "/v1/connect/turn", "{}"),
    ("blue_2", bytes(range(32)).hex(), 1790000001, "0123456789abcdef0123456789abcdef", "POST", "/v1/connect/turn",
     '{"Name":"ContactFlowEvent","Details":{"Parameters":{"input":"서버가 안 돼요\\n"}}}'),
    ("a", "ff" * 64, 18446744073709551615, "f" * 32, "GET", "/v1/calls?limit=1&after=x", "line\nline\n"),
    ("long.key", "c3" * 200, 1, "deadbeef" * 4, "PUT", "/", "\x00\x01"),
]


def signature(secret, timestamp, nonce, method, path, body):
    signed = f"v1\n{timestamp}\n{nonce}\n{method}\n{path}\n".encode() + body.encode()
    return hmac.new(bytes.fromhex(secret), signed, hashlib.sha256).hexdigest()


names = ["key", "secret", "timestamp", "nonce", "method", "path", "body"]
vectors = [dict(zip(names, case)) | {"signature": signature(*case[1:])} for case in CASES]
print(json.dumps(vectors, indent=2, ensure_ascii=False))
