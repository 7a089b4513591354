"""What schemathesis cannot know of: bytes that are, or begin like, a WebAssembly component."""

import schemathesis
from hypothesis import strategies

MAGIC = b"\0asm"
COMPONENT = MAGIC + b"\x0d\0\1\0"
MODULE = MAGIC + b"\1\0\0\0"

schemathesis.openapi.media_type(
    "application/wasm",
    strategies.one_of(
        strategies.binary(max_size=256),
        strategies.binary(max_size=256).map(lambda rest: COMPONENT + rest),
        strategies.sampled_from([b"", COMPONENT, MODULE]),
    ),
)
