"""Trains the classifier and writes its weights, its table of risks and its figures. `make train` runs it.

    python training/train.py [--epochs 3] [--seed 1] [--threads 2] [--keep-meaning]

Needs the extra `guiju[train]` (PyTorch, SciPy). The same data, seed, threads and PyTorch give the same weights. Takes
about an hour on two cores, nearly all of it for the encoder's upper layers; `--keep-meaning` keeps those of the last
training and makes the rest anew, in minutes.
"""

import argparse
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "training")]

import calibration  # noqa: E402 - the project's folders stand on no path before
import linear_views  # noqa: E402
import meaning  # noqa: E402
import proving  # noqa: E402
from guiju.moderation.classifier.encoder import Base, read_base  # noqa: E402
from guiju.moderation.classifier.features import Codes, codes_of, readable  # noqa: E402
from guiju.moderation.classifier.model import SPELT, Classifier  # noqa: E402
from guiju.moderation.classifier.outputs import risk_scores, sigmoid  # noqa: E402
from guiju.moderation.classifier.pinyin import load_sounds  # noqa: E402
from guiju.moderation.classifier.weights import builtin_weights, read_weights, write_weights  # noqa: E402
from guiju.text.normalising import base_normaliser  # noqa: E402
from phrases import Phrases  # noqa: E402
from sources import Example, read_all, share  # noqa: E402
from targets import Table, targets_of  # noqa: E402
from variants import Variants  # noqa: E402

BITS = {"characters": 17, "sounds": 16}
PIECES_WHILE_TRAINING = 112
WRITTEN_TWICE = 2
"""Written texts are short and of 31 kinds; each is shown so often an epoch, in different variants."""
COLD_THIRDS = 2
"""An epoch shows two thirds of COLD: its texts are long, many and of one chapter."""
PHRASES = (5, 5)
"""So many sentences of each kind are made an epoch of each act in `acts.txt`."""
PHRASE_WEIGHT = 0.6
PHRASES_OF_LINEAR = (12, 12)
LONGEST_BEFORE = 60


def main() -> None:
    """Train everything and write it."""
    asked = _arguments()
    torch.set_num_threads(asked.threads)
    began = time.monotonic()
    examples = read_all()
    texts = [_read(example.text) for example in examples]
    base = read_base()
    arrays: dict[str, NDArray[np.generic]] = dict(_meaning(asked, base, examples, texts))
    views = {"meaning": _scored(arrays, base, examples, texts)}
    made = [_example(text, risk) for text, risk in Phrases(asked.seed).epoch(*PHRASES_OF_LINEAR)]
    every = [*examples, *made]
    read = [*texts, *(_read(one.text) for one in made)]
    codes: Mapping[str, Sequence[Codes]] = {
        "characters": [codes_of(text) for text in read],
        "sounds": [load_sounds().codes(text) for text in read],
    }
    for name, bits in BITS.items():
        fitted, numbers = _linear(codes[name], every, bits, asked.seed)
        views[name] = numbers[: len(examples)]
        arrays |= {f"{name}_{part}": values for part, values in fitted.items()}
        print(f"{name}: fitted ({time.monotonic() - began:.0f} s)", flush=True)
    curves = _curves(views, examples)
    arrays |= curves
    chances = _joined(curves, views, texts)
    gate = _gate(_joined(curves, views, texts, cheap=True), chances, examples)
    version = write_weights(builtin_weights(), arrays, {"gate": gate})
    model = Classifier(read_weights(builtin_weights()), load_sounds(), with_encoder=True)
    table = proving.risk_table(examples, risk_scores(chances))
    (builtin_weights() / "risks.json").write_text(_json({"model": model.version, "risks": table}), encoding="utf-8")
    facts = {
        "model": version, "seed": asked.seed, "epochs": asked.epochs, "threads": asked.threads,
        "torch": torch.__version__, "numpy": np.__version__, "python": platform.python_version(),
        "examples": _counted(examples),
    }  # fmt: skip
    (builtin_weights() / "training.json").write_text(_json(facts), encoding="utf-8")
    size = sum(path.stat().st_size for path in builtin_weights().iterdir())
    print(f"weights {version[:12]}: {size / 1e6:.1f} MB, gate {gate:.3f}, {time.monotonic() - began:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep-meaning", action="store_true", help="keep the encoder's layers of the last training")
    parser.add_argument("--checkpoint", type=Path, help="write the encoder's layers to this .npz after each epoch")
    return parser.parse_args()


def _meaning(
    asked: argparse.Namespace, base: Base, examples: Sequence[Example], texts: Sequence[str]
) -> dict[str, NDArray[np.float16]]:
    if asked.keep_meaning:
        kept = read_weights(builtin_weights()).arrays
        return {
            name: np.array(values, np.float16)
            for name, values in kept.items()
            if name.startswith(("encoder_", "head_"))
        }
    places = [at for at, example in enumerate(examples) if example.part == "train"]
    wanted, weight = targets_of([examples[at] for at in places])
    honest = [
        texts[at] for at in places
        if examples[at].source == "written" and not examples[at].risks and len(texts[at]) < LONGEST_BEFORE
    ]  # fmt: skip
    variants = Variants(load_sounds(), [texts[at] for at in places], asked.seed)
    epochs: list[tuple[list[meaning.Pieces], Table, Table]] = []
    phrases = Phrases(asked.seed)
    for epoch in range(asked.epochs):
        rows = [row for row, at in enumerate(places) for _ in range(_times(examples[at], epoch))]
        shown = [variants.of(texts[places[row]], honest) for row in rows]
        made = [_example(text, risk) for text, risk in phrases.epoch(*PHRASES)]
        made_wanted, made_weight = targets_of(made)
        shown += [variants.of(_read(one.text), honest) for one in made]
        epochs.append(
            (
                meaning.pieces_of(base, shown, PIECES_WHILE_TRAINING),
                np.concatenate([wanted[rows], made_wanted]),
                np.concatenate([weight[rows], made_weight * np.float32(PHRASE_WEIGHT)]),
            )
        )

    def keep(so_far: meaning.Meaning) -> None:
        if asked.checkpoint:
            np.savez(asked.checkpoint, **so_far.arrays())

    model = meaning.train(base, epochs, seed=asked.seed, log="meaning", after_epoch=keep)
    return model.arrays()


def _read(text: str) -> str:
    return readable(base_normaliser().symbols_of(text))


def _times(example: Example, epoch: int) -> int:
    """Return how often an epoch shows a text."""
    if example.source == "written":
        return WRITTEN_TWICE
    return int((share(example.text, 3) + epoch) % 3 < COLD_THIRDS)


def _example(text: str, risk: str) -> Example:
    return Example(text, (risk,) if risk else (), "written", "phrases", "train")


def _scored(
    arrays: Mapping[str, NDArray[np.generic]], base: Base, examples: Sequence[Example], texts: Sequence[str]
) -> Table:
    """Return the encoder's numbers for all texts that no view was trained on; NaN for the others."""
    floats = {name: np.asarray(values, np.float32) for name, values in arrays.items()}
    places = [at for at, example in enumerate(examples) if example.part != "train"]
    model = meaning.restored(floats, base)
    found = np.full((len(texts), model.second.out_features), np.nan, np.float32)
    found[places] = meaning.logits(model, meaning.pieces_of(base, [texts[at] for at in places]))
    return found


def _linear(
    codes: Sequence[Codes], examples: Sequence[Example], bits: int, seed: int
) -> tuple[dict[str, NDArray[np.generic]], Table]:
    places = [at for at, example in enumerate(examples) if example.part == "train"]
    wanted, weight = targets_of([examples[at] for at in places])
    bags = linear_views.bags_of(codes, bits)
    fitted = linear_views.fit(bags[places], wanted, weight, seed=seed)
    weights = fitted["table"].astype(np.float32) * fitted["scale"]
    return fitted, np.asarray(bags @ weights + fitted["bias"], np.float32)


def _curves(views: Mapping[str, Table], examples: Sequence[Example]) -> dict[str, NDArray[np.float32]]:
    places = [at for at, example in enumerate(examples) if example.part == "calibrate"]
    chosen = [examples[at] for at in places]
    joined = {
        "cheap": ("characters", "sounds"), "joint": ("characters", "meaning", "sounds"), "sound": ("sounds",)
    }  # fmt: skip
    return {
        f"calibration_{name}": calibration.curves([views[view][places] for view in parts], chosen)
        for name, parts in joined.items()
    }


def _joined(
    curves: Mapping[str, NDArray[np.float32]], views: Mapping[str, Table], texts: Sequence[str], *, cheap: bool = False
) -> Table:
    """Return the probabilities that the shipped classifier gives, with the encoder asked or by the cheap views."""
    sound = curves["calibration_sound"]
    parts = ("characters", "sounds") if cheap else ("characters", "meaning", "sounds")
    *gains, offset = curves["calibration_cheap" if cheap else "calibration_joint"]
    plain = sigmoid(sum((views[name] * gain for name, gain in zip(parts, gains, strict=True)), start=offset))
    heard = sigmoid(views["sounds"] * sound[0] + sound[1])
    spelt = np.array([load_sounds().read(text)[1] >= SPELT for text in texts])
    return np.asarray(np.where(spelt[:, None], np.maximum(plain, heard), plain), np.float32)


def _gate(first: Table, chances: Table, examples: Sequence[Example]) -> float:
    places = [at for at, example in enumerate(examples) if example.part == "calibrate" and example.risks]
    return calibration.gate_of(first[places, 0], chances[places, 0] >= 0.5)  # noqa: PLR2004 - likelier than not


def _counted(examples: Sequence[Example]) -> dict[str, int]:
    counts = Counter(f"{one.source}/{one.part}/{'risky' if one.risks else 'honest'}" for one in examples)
    return dict(sorted(counts.items()))


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    main()
