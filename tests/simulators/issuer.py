"""An identity provider: signs tokens, and gives its public keys over HTTP, well or badly."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey


class Issuer:
    """One provider with a key that can be changed."""

    def __init__(self, name: str = "https://id.example.cn") -> None:
        self.name = name
        self.keys: list[ECKey | RSAKey] = []
        self.asked = 0
        self.status = 200
        self.padding = 0
        self.port = 0
        self.new_key()

    @property
    def jwks_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/jwks.json"

    def new_key(self) -> None:
        """Sign with another key from now on; the old one is no longer given out."""
        self.keys = [ECKey.generate_key("P-256", {"kid": f"k{time.monotonic_ns()}", "use": "sig", "alg": "ES256"})]

    def jwks(self) -> bytes:
        rows: list[dict[str, Any]] = [dict(key.as_dict(private=False)) for key in self.keys]
        return json.dumps({"keys": rows, "padding": "x" * self.padding}).encode()

    def token(self, subject: str = "u-1", *, audience: str = "guiju", seconds: float = 300, **claims: object) -> str:
        now = time.time()
        whole = {
            "iss": self.name,
            "sub": subject,
            "aud": audience,
            "exp": int(now + seconds),
            "iat": int(now),
            **claims,
        }
        key = self.keys[0]
        return jwt.encode({"alg": "ES256", "kid": key.kid}, whole, key)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        body = self.jwks()
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def running_issuer(name: str = "https://id.example.cn") -> AsyncIterator[Issuer]:
    issuer = Issuer(name)
    server = await asyncio.start_server(issuer._serve, "127.0.0.1", 0)
    issuer.port = server.sockets[0].getsockname()[1]
    try:
        yield issuer
    finally:
        server.close()
        await server.wait_closed()
