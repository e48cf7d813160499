"""Writes a table of `guiju.text` as compressed JSON and says in a provenance file where it comes from."""

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

DATA = Path(__file__).resolve().parents[1] / "src" / "guiju" / "text" / "data"
PROVENANCE = "views.provenance.json"


class Source(TypedDict, total=False):
    """Where something in a table comes from."""

    name: str
    version: str
    licence: str
    address: str
    note: str


def serialise(table: Mapping[str, object]) -> bytes:
    """Return the bytes whose hash the provenance names."""
    return json.dumps(table, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()


def write(
    name: str, table: Mapping[str, object], sources: Sequence[Source], *, made_by: str, folder: Path = DATA
) -> None:
    """Write `name`.table and its entry in the provenance file."""
    content = serialise(table)
    path = folder / f"{name}.table"
    path.write_bytes(zlib.compress(content, 9))
    notes = folder / PROVENANCE
    entries = json.loads(notes.read_text(encoding="utf-8")) if notes.exists() else {}
    entries[f"{name}.table"] = {
        "made_by": made_by,
        "sha256_uncompressed": hashlib.sha256(content).hexdigest(),
        "sources": list(sources),
    }
    notes.write_text(json.dumps(entries, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{path.name}: {len(content)} bytes, compressed {path.stat().st_size}")


def read(name: str, folder: Path = DATA) -> dict[str, object]:
    """Read a table that was written before."""
    found: dict[str, object] = json.loads(zlib.decompress((folder / f"{name}.table").read_bytes()))
    return found
