"""The floor to compare with: Starlette and aiohttp, bytes in, bytes out, nothing looked at.

`python bench/gateway/passthrough.py PORT UPSTREAM_URL`
"""

import sys
from collections.abc import AsyncIterator

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

_sessions: list[aiohttp.ClientSession] = []


async def chat(request: Request) -> Response:
    """Pass one call through."""
    if not _sessions:
        _sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
    body = await request.body()
    headers = {"content-type": "application/json"}
    upstream = await _sessions[0].post(f"{sys.argv[2]}/v1/chat/completions", data=body, headers=headers)
    if upstream.content_type != "text/event-stream":
        return Response(await upstream.read(), upstream.status, media_type="application/json")

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in upstream.content.iter_any():
            yield piece

    return StreamingResponse(pieces(), media_type="text/event-stream")


if __name__ == "__main__":
    app = Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])
    uvicorn.run(
        app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning", proxy_headers=False
    )
