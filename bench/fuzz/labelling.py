"""Throws coverage-guided bytes at the carriers of labels: nothing may crash, hang, or write what cannot be read back.

    python -m venv /tmp/fuzz && /tmp/fuzz/bin/pip install atheris
    PYTHONPATH=src:.:.venv/lib/python3.11/site-packages /tmp/fuzz/bin/python bench/fuzz/labelling.py --seconds 3600

Each input is one byte that names a carrier, and a file. The first inputs are the samples of the matrix test, whole.
What must hold:

- no exception but those that say what is wrong with the file, from whatever bytes;
- where a label is written, exactly that label is read back, and writing it again changes nothing;
- the CPU time is bounded by the length.

A fault is written to a file `crash-…` beside the corpus, and the command ends with a status other than 0.
"""

import argparse
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["guiju.labelling"]):
    from guiju.kit.errors import InputError
    from guiju.labelling.carriers.registry import CARRIERS, carrier_for
    from guiju.labelling.carriers.splicing import Source, spliced_bytes

from tests.unit.labelling.test_matrix import FRESH

_LABEL = '{"Label":"1","ContentProducer":"p","ProduceID":"i"}'
_LEAST = 2.0
_SLOWEST = 0.002
"""Seconds of CPU a byte, while the code is watched by the fuzzer, which makes it some ten times slower."""


class Target:
    """What the fuzzer calls."""

    def __init__(self) -> None:
        """Count what was tried and what got a label."""
        self.tried = self.labelled = 0

    def __call__(self, data: bytes) -> None:
        """Read one file, label it, and look at what came of it."""
        if len(data) < 2:  # a carrier, and something to read
            return
        carrier, content = CARRIERS[data[0] % len(CARRIERS)], data[1:]
        began = time.process_time()
        self.tried += 1
        with suppress(InputError):
            carrier.sites(Source.of(content))
            new = spliced_bytes(content, carrier.edits(Source.of(content), _LABEL))
            try:
                sites = carrier.sites(Source.of(new))
            except InputError:
                sites = []  # read back by the service, which hands nothing on then
            if len(sites) == 1 and sites[0].text == _LABEL:
                self.labelled += 1
                again = spliced_bytes(new, carrier.edits(Source.of(new), _LABEL))
                if again != new:
                    raise RuntimeError(f"{carrier.name}: the same label written twice gives two files")
        spent = time.process_time() - began
        if spent > _LEAST + _SLOWEST * len(content):
            raise RuntimeError(f"{carrier.name}: {spent:.1f} s of CPU for {len(content)} bytes")


def seeds(folder: Path) -> None:
    """Write a file of every format as the first inputs."""
    names = [carrier.name for carrier in CARRIERS]
    for name, make in FRESH.items():
        content = make()
        number = names.index(carrier_for(Source.of(content), name=name).name)
        (folder / f"seed-{name}").write_bytes(bytes((number,)) + content)


def main() -> None:
    """Fuzz for some time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--corpus", type=Path, default=None)
    options = parser.parse_args()
    corpus = options.corpus or Path(tempfile.mkdtemp(prefix="guiju-fuzz-")) / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    if not any(corpus.iterdir()):
        seeds(corpus)
    target = Target()
    arguments = [
        sys.argv[0], f"-max_total_time={options.seconds}", "-max_len=6000", "-timeout=60", "-rss_limit_mb=2048",
        f"-artifact_prefix={corpus.parent}/crash-", str(corpus),
    ]  # fmt: skip
    atheris.Setup(arguments, target, enable_python_coverage=True)
    import atexit  # noqa: PLC0415 - libFuzzer ends the process itself

    atexit.register(lambda: print(f"{target.tried} inputs, {target.labelled} labelled"))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
