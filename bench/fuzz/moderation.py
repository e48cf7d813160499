"""Throws coverage-guided inputs at moderation: nothing may crash, take longer than its length, or depend on the cuts.

    python -m venv /tmp/fuzz && /tmp/fuzz/bin/pip install atheris
    PYTHONPATH=src:.:.venv/lib/python3.11/site-packages /tmp/fuzz/bin/python bench/fuzz/moderation.py --seconds 3600

Each input is a scope, cuts and a text. The text is decided whole and as a stream, by the shipped library in every
disguise (both ways, which the shipped policy does for inputs only), personal information and encoded runs; the
classifier is left out, since its arithmetic has no branches to find. What must hold:

- no exception, from whatever bytes;
- the stream finds what the whole text does, and lets nothing out that the whole text holds back;
- the CPU time is bounded by the length: `_SLOWEST` a symbol, a hundred times what ordinary text takes.

Texts that showed something new are kept in --corpus; the first ones are library terms in every disguise. A fault is
written to a file `crash-…` beside the corpus, and the command ends with a status other than 0.
"""

import argparse
import random
import re
import sys
import tempfile
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["guiju.text", "guiju.moderation"]):
    from guiju.moderation.evasion.disguise import disguise
    from guiju.moderation.evasion.methods import METHODS
    from guiju.moderation.library import LibrarySources
    from guiju.moderation.models import Decision, Scope
    from guiju.moderation.rules import STOPPING
    from guiju.moderation.service import Moderation, builtin_folder, builtin_policy

_SLOWEST = 0.004
"""Seconds of CPU a symbol, while the code is watched by the fuzzer, which makes it some ten times slower."""
_LEAST = 1.0
_SCOPES = (Scope.INPUT, Scope.OUTPUT)


def build(folder: Path) -> Moderation:
    """Build moderation with the shipped words, disguises both ways, and no classifier."""
    policy = builtin_policy().read_text("utf-8")
    policy, changed = re.subn("(?m)^  classifier: .*$", '  classifier: {enabled: "false"}', policy)
    policy, opened = re.subn(r"disguises: \[input\]", "disguises: [input, output]", policy)
    if (changed, opened) != (1, 1):
        raise RuntimeError("the shipped policy is not written as this program expects")
    path = folder / "policy.yaml"
    path.write_text(policy, "utf-8")
    moderation = Moderation(LibrarySources(builtin_folder()), path)
    moderation.get_ready()
    return moderation


def seeds(moderation: Moderation, folder: Path) -> None:
    """Write terms in every disguise as the first inputs."""
    chance = random.Random(1)
    terms = [term for term in moderation.terms() if len(term.form) > 2]
    for at, term in enumerate(chance.sample(terms, 400)):
        method = chance.choice(sorted(METHODS))
        hidden = disguise(term.text, method, seed=at) or term.text
        (folder / f"seed-{at}").write_bytes(bytes((at % 2, 3)) + f"说{hidden}，{term.text[:2]}".encode())


def found(decision: Decision) -> list[tuple[str, int, int, str]]:
    """Return what was found, in an order of its own."""
    return sorted((one.term_id, one.start, one.end, one.view) for one in decision.findings)


class Target:
    """What the fuzzer calls."""

    def __init__(self, moderation: Moderation) -> None:
        """Try `moderation`."""
        self._moderation = moderation
        self.tried = 0
        self.symbols = 0
        self.slowest = 0.0

    def __call__(self, data: bytes) -> None:
        """Decide about one input in both ways."""
        if len(data) < 3:  # a scope, a width of cuts, and something to read
            return
        scope, width = _SCOPES[data[0] % 2], 1 + data[1] % 17
        text = data[2:].decode("utf-8", ("ignore", "replace", "surrogateescape")[data[0] // 2 % 3])
        began = time.process_time()
        whole = self._moderation.decide(text, scope)
        stream = self._moderation.open_stream(scope)
        out = "".join(stream.push(text[at : at + width]).text for at in range(0, len(text), width))
        out += stream.finish().text
        spent = time.process_time() - began
        self.tried += 1
        self.symbols += len(text)
        self.slowest = max(self.slowest, spent / max(len(text), 250))
        if spent > _LEAST + _SLOWEST * len(text):
            raise RuntimeError(f"{spent:.1f} s of CPU for {len(text)} symbols")
        if whole.action in STOPPING:
            starts = [one.start for one in whole.findings if self._acts(one, scope)]
            if not stream.is_stopped or len(out) > min(starts, default=len(text)):
                raise RuntimeError("the stream let out what the whole text holds back")
        elif found(stream.decision()) != found(whole):
            raise RuntimeError("the stream and the whole text found different things")

    def _acts(self, finding: object, scope: Scope) -> bool:
        return self._moderation.policy.action_for(finding, scope) in STOPPING  # type: ignore[arg-type]


def main() -> None:
    """Fuzz for some time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--corpus", type=Path, default=None)
    options = parser.parse_args()
    corpus = options.corpus or Path(tempfile.mkdtemp(prefix="guiju-fuzz-"))
    corpus.mkdir(parents=True, exist_ok=True)
    moderation = build(corpus.parent)
    if not any(corpus.iterdir()):
        seeds(moderation, corpus)
    target = Target(moderation)
    arguments = [
        sys.argv[0], f"-max_total_time={options.seconds}", "-max_len=3000", "-timeout=60", "-rss_limit_mb=4096",
        f"-artifact_prefix={corpus.parent}/crash-", str(corpus),
    ]  # fmt: skip
    atheris.Setup(arguments, target, enable_python_coverage=True)
    import atexit  # noqa: PLC0415 - libFuzzer ends the process itself

    atexit.register(lambda: print(f"{target.tried} inputs, {target.symbols} symbols, {target.slowest * 1e6:.0f} µs"))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
