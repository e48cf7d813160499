"""A gateway in a process of its own, to be killed. `python serve_house.py FOLDER DATABASE_URL UPSTREAM_URL [--media]`.

Prints one line, `PORT KEY`, once it answers.
"""

import asyncio
import sys
from pathlib import Path

from tests.factories.labeller import TestLabeller
from tests.flows.gateway.house import MediaRoom, SwitchableLedger, build_gateway, seeing_nothing, serving
from tests.flows.gateway.ledgers import running_ledger
from tests.flows.gateway.samples import PASSED

from guiju.web.gateway_app import GatewayApp


async def main(folder: Path, database_url: str, upstream_url: str, *, takes_media: bool) -> None:
    async with running_ledger(folder, database_url) as ledger:
        room = MediaRoom('\nmedia: {enabled: "true"}\n', seeing_nothing, TestLabeller()) if takes_media else None
        switchable = SwitchableLedger(ledger)
        gateway = build_gateway(folder, database_url, upstream_url, switchable, media=room, pass_through=(PASSED,))
        await gateway.start()
        _, key = await asyncio.to_thread(gateway.create_app, "测试应用")
        async with serving(GatewayApp(gateway)) as url:
            sys.stdout.write(f"{url.rsplit(':', 1)[1]} {key}\n")
            sys.stdout.flush()
            await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], takes_media="--media" in sys.argv))
