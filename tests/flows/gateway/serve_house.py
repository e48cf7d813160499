"""A gateway in a process of its own, to be killed. `python serve_house.py FOLDER DATABASE_URL UPSTREAM_URL`.

Prints one line, `PORT KEY`, once it answers.
"""

import asyncio
import sys
from pathlib import Path

from tests.flows.gateway.house import SwitchableLedger, build_gateway, serving
from tests.flows.gateway.ledgers import running_ledger

from guiju.web.gateway_app import GatewayApp


async def main(folder: Path, database_url: str, upstream_url: str) -> None:
    async with running_ledger(folder, database_url) as ledger:
        gateway = build_gateway(folder, database_url, upstream_url, SwitchableLedger(ledger))
        await gateway.start()
        _, key = await asyncio.to_thread(gateway.create_app, "测试应用")
        async with serving(GatewayApp(gateway)) as url:
            sys.stdout.write(f"{url.rsplit(':', 1)[1]} {key}\n")
            sys.stdout.flush()
            await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
