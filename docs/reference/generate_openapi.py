"""Write `openapi.json` as it is served: `python docs/reference/generate_openapi.py`, with `--check` only compare."""

# ruff: noqa: INP001 - a program of its own, not a package

import argparse
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import orjson

from guiju.bootstrap import build_house
from guiju.settings import Settings
from guiju.web.door import Door
from guiju.web.gateway_app import GatewayApp
from guiju.web.openapi.document import document
from guiju.web.routes.api import api_app

PAGE = Path(__file__).with_name("openapi.json")


def main(arguments: Iterable[str]) -> int:
    """Write the document, or compare it; return 1 where it is out of date."""
    parser = argparse.ArgumentParser(description="Write the OpenAPI document.")
    parser.add_argument("--check", action="store_true", help="only say whether the file is up to date")
    is_check = parser.parse_args(list(arguments)).check
    with tempfile.TemporaryDirectory() as folder:
        house = build_house(Settings(var=Path(folder)))
        found = document(api_app(Door(house)).openapi(), GatewayApp(house.gateway).addresses)
        house.database.close()
    text = orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
    if not is_check:
        PAGE.write_bytes(text)
        return 0
    if PAGE.is_file() and PAGE.read_bytes() == text:
        return 0
    sys.stderr.write(f"{PAGE} is out of date; run: python docs/reference/generate_openapi.py\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
