"""`python -m guiju.web` serves the house; `guiju serve` becomes this process."""

import asyncio
import os
import sys

from guiju.kit.errors import GuijuError
from guiju.kit.logging import set_up_logging
from guiju.settings import Settings
from guiju.web.worker import Worker


def _main() -> int:
    settings = Settings()
    if settings.workers == 1 or Worker.of(os.environ) is not None:
        from guiju.web.server import main  # noqa: PLC0415 - who only supervises needs none of the rooms

        return main()
    set_up_logging(settings.log_level)
    try:
        return asyncio.run(_supervise(settings))
    except GuijuError as error:
        print(f"{error.zh}\n{error.en}", file=sys.stderr)  # noqa: T201 - the answer to whoever typed the command
        return 2


async def _supervise(settings: Settings) -> int:
    from guiju.web.supervisor import Supervisor  # noqa: PLC0415 - as above, the other way round

    return await Supervisor(settings).run()


sys.exit(_main())
