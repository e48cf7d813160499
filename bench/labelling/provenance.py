"""What a C2PA manifest costs on top of a label, format by format: CPU time to label, to label and sign, to read, bytes.

    python bench/labelling/provenance.py [--rounds 15] [--write]      (needs c2pa-python: pip install 'guiju[c2pa]')

Samples are those of `run.py`. Signing is ECDSA P-256 with a chain made for the run, without a time stamp. The signed
file is read back and its label too, as everywhere. `--write` writes provenance.md.
"""

import argparse
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.labelling.run import samples
from tests.factories.certificates import make_chain

from guiju.labelling.models import Producer
from guiju.labelling.provenance.manifests import Manifests
from guiju.labelling.provenance.signing_keys import read_signing_keys
from guiju.labelling.sealing import Sealing, read_provenance
from guiju.labelling.service import Labeller

CODE = Producer("001191440300708461136T1WFUO")
PAGE = Path(__file__).with_name("provenance.md")
HEAD = """# `python bench/labelling/provenance.py --write`

{about}. CPU milliseconds, median of {rounds}: `label` on bytes, the same with a manifest signed last (label and
manifest read back), reading a manifest. What the manifest adds in bytes does not depend on the size of the file.

| file | MB | label, ms | label and sign, ms | read the manifest, ms | bytes added |
|---|---:|---:|---:|---:|---:|
"""


def cpu(work: Callable[[], object], rounds: int) -> float:
    """Return the median of CPU milliseconds."""
    spent = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        spent.append((time.process_time() - begin) * 1000)
    return statistics.median(spent)


def main() -> None:
    """Measure each sample that can carry a manifest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    about = f"Python {platform.python_version()}, {platform.machine()}, {datetime.now(UTC):%Y-%m-%d}"
    lines = [HEAD.format(about=about, rounds=options.rounds)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "samples"
        folder.mkdir()
        chain = make_chain(Path(name) / "chain")
        keys = read_signing_keys(chain.certificates, chain.key, now=datetime.now(UTC))
        manifests = Manifests(keys, trusted=chain.root.read_bytes())
        plain, sealing = Labeller(CODE), Labeller(CODE, sealing=Sealing(manifests, is_required=True))
        for path in samples(folder):
            content = path.read_bytes()
            labelled = plain.label(content, "", content_id="id") if path.suffix not in (".html", ".md") else b""
            sealed = sealing.label(content, "", content_id="id") if labelled else b""
            if sealed == labelled:
                continue
            signed = Path(name) / f"signed{path.suffix}"
            signed.write_bytes(sealed)
            cells = (
                cpu(partial(plain.label, content, "", content_id="id"), options.rounds),
                cpu(partial(sealing.label, content, "", content_id="id"), options.rounds),
                cpu(partial(read_provenance, manifests, signed, plain.read(signed).format), options.rounds),
            )
            row = " | ".join(f"{cell:.1f}" for cell in cells)
            lines.append(f"| {path.name} | {len(content) / 1e6:.2f} | {row} | {len(sealed) - len(labelled)} |\n")
    text = "".join(lines)
    print(text)
    if options.write:
        PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
