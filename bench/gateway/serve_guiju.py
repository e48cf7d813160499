"""Our gateway as `run.py` measures it. `python bench/gateway/serve_guiju.py FOLDER PORT UPSTREAM_URL`."""

import asyncio
import sys
from pathlib import Path

import uvicorn
from tests.flows.gateway.house import moderation_in
from tests.flows.gateway.ledgers import running_ledger

from guiju.gateway.models import Limits
from guiju.gateway.repository import GatewayRepository
from guiju.gateway.service import Gateway
from guiju.gateway.upstreams.openai_compatible import OpenAICompatible
from guiju.gateway.upstreams.pool import Route, UpstreamPool
from guiju.kit.clock import SystemClock
from guiju.labelling.models import Producer
from guiju.storage.database import connect_database
from guiju.storage.migrate import migrate
from guiju.web.gateway_app import GatewayApp, settle_memory


async def main(folder: Path, port: int, upstream_url: str) -> None:
    """Serve until told to stop."""
    url = f"sqlite:///{folder / 'guiju.db'}"
    database = connect_database(url)
    migrate(database)
    clock = SystemClock()
    limits = Limits()
    upstream = OpenAICompatible("bench", upstream_url, answer_bytes=limits.answer_bytes)
    async with running_ledger(folder, url) as ledger:
        gateway = Gateway(
            repository=GatewayRepository(database),
            ledger=ledger,
            moderation=moderation_in(folder),
            pool=UpstreamPool([Route(upstream, None)], clock),
            clock=clock,
            spool_folder=folder / "spool",
            producer=Producer("001191440300708461136T1WFUO"),
            check_mark=str,
            limits=limits,
        )
        await gateway.start()
        _, key = await asyncio.to_thread(gateway.create_app, "bench")
        (folder / "key").write_text(key)
        settle_memory()
        config = uvicorn.Config(
            GatewayApp(gateway),
            host="127.0.0.1",
            port=port,
            log_level="warning",
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
        )
        await uvicorn.Server(config).serve()
        await gateway.stop()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
