"""Trains the encoder's upper layers and the two layers above them on, with PyTorch, on the CPU.

The piece embeddings stay as they are: they are read from the encoder's own wheel at run time, and only what we
trained is shipped. Deterministic for one number of threads of one build of PyTorch.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from guiju.moderation.classifier.encoder import FEATURES, LAYERS, PIECES, Base
from guiju.moderation.classifier.outputs import CHAPTERS_AT, COUNT
from guiju.moderation.classifier.tokenizer import END
from targets import Table

HIDDEN = 256
BATCH = 64
ENCODER_RATE = 3e-4
HEAD_RATE = 1e-3
DECAY = 0.02
UNKNOWN_SHARE = 0.1
"""So many pieces are hidden while learning, so that no single word decides."""
WARM_UP_STEPS = 100
_ORDERS = ((2, 0), (3, 1), (5, 2))
_WIDTH = 256
_GAIN = 20.0
_HIDDEN_FEATURE = -1e4

Pieces = list[int]


class TorchEncoder(nn.Module):
    """`classifier.encoder.Encoder` for training: the same numbers, on batches, with gradients."""

    def __init__(self, base: Base) -> None:
        """Begin with the layers of the wheel."""
        super().__init__()
        embedded = base.table.astype(np.float32) * base.scale + base.low
        self.embedded = nn.Embedding.from_pretrained(torch.from_numpy(embedded), freeze=True)
        self.layers = nn.ParameterDict({name: nn.Parameter(torch.tensor(base.layers[name])) for name in LAYERS})
        self.epsilon = base.epsilon

    def forward(self, pieces: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return `FEATURES` numbers a text; `mask` is 1 where a piece stands."""
        seen = mask[:, :, None]
        tokens = self._tokens(pieces, seen)
        count = mask.sum(1, keepdim=True)
        total = (tokens * seen).sum(1)
        highest = tokens.masked_fill(seen == 0, _HIDDEN_FEATURE).max(1)[0]
        return torch.cat([self._sentence(total, count) * _GAIN, total / count.sqrt(), highest], 1)

    def _tokens(self, pieces: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        take = self.layers
        embedded = self.embedded(pieces) * seen
        joined = {
            name: torch.cat([take[f"{name}{order}"] for order, _ in _ORDERS], -1)
            for name in ("proj", "proj_b", "ln_g", "ln_b")
        }
        projected = embedded @ joined["proj"] + joined["proj_b"]
        projected = functional.layer_norm(
            projected, projected.shape[-1:], joined["ln_g"], joined["ln_b"], self.epsilon
        ) * seen  # fmt: skip
        parts = [embedded]
        for place, (order, left) in enumerate(_ORDERS):
            inner = projected[:, :, place * _WIDTH : (place + 1) * _WIDTH]
            for layer in ("1", "2"):
                found = _windows(inner, order, left) @ take[f"w{layer}_{order}"] + take[f"b{layer}_{order}"]
                inner = functional.relu(found) * seen + inner
            parts.append(inner)
        every = torch.cat(parts, 2)
        return functional.layer_norm(every, every.shape[-1:], take["ln_g"], take["ln_b"], self.epsilon)

    def _sentence(self, total: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
        take = self.layers
        mean = (total @ take["cnn_W"] + count * take["cnn_b"]) / count.sqrt()
        first = functional.relu(mean @ take["d0"])
        second = functional.relu(mean @ take["p1"] + first @ take["d1"])
        third = functional.relu(second @ take["d2"])
        return functional.normalize(torch.tanh(second @ take["p3"] + third @ take["d3"]), dim=1)


class Meaning(nn.Module):
    """The encoder and the two layers above it."""

    def __init__(self, base: Base) -> None:
        """Begin with the wheel's encoder and random layers above."""
        super().__init__()
        self.encoder = TorchEncoder(base)
        self.norm = nn.LayerNorm(FEATURES)
        self.first = nn.Linear(FEATURES, HIDDEN)
        self.second = nn.Linear(HIDDEN, COUNT)

    def forward(self, pieces: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return one number an output for each text."""
        features = functional.dropout(self.norm(self.encoder(pieces, mask)), 0.3, self.training)
        hidden = functional.relu(self.first(features))
        found: torch.Tensor = self.second(functional.dropout(hidden, 0.4, self.training))
        return found

    def arrays(self) -> dict[str, NDArray[np.float16]]:
        """Return what is shipped, in half precision."""
        kept = {f"encoder_{name}": value for name, value in self.encoder.layers.items()}
        kept |= {
            "head_gain": self.norm.weight, "head_shift": self.norm.bias,
            "head_w1": self.first.weight.T, "head_b1": self.first.bias,
            "head_w2": self.second.weight.T, "head_b2": self.second.bias,
        }  # fmt: skip
        return {name: value.detach().numpy().astype(np.float16) for name, value in kept.items()}


def _windows(rows: torch.Tensor, order: int, left: int) -> torch.Tensor:
    """Return for each piece the pieces around it side by side: matrix products are faster than small convolutions."""
    wide = functional.pad(rows, (0, 0, left, order - 1 - left))
    count = rows.shape[1]
    return torch.cat([wide[:, at : at + count] for at in range(order)], 2)


def padded(pieces: Sequence[Pieces]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the pieces of several texts in one table, and where there are any."""
    table = torch.zeros(len(pieces), max(map(len, pieces)), dtype=torch.long)
    mask = torch.zeros(table.shape)
    for row, one in enumerate(pieces):
        table[row, : len(one)] = torch.tensor(one)
        mask[row, : len(one)] = 1
    return table, mask


def train(
    base: Base,
    epochs: Sequence[tuple[Sequence[Pieces], Table, Table]],
    *,
    seed: int,
    log: str = "",
    after_epoch: Callable[[Meaning], None] | None = None,
) -> Meaning:
    """Train on one list of examples an epoch: pieces, targets and weights of each."""
    torch.manual_seed(seed)
    order = random.Random(seed)
    model = Meaning(base)
    encoder = list(model.encoder.layers.values())
    head = [*model.norm.parameters(), *model.first.parameters(), *model.second.parameters()]
    optimiser = torch.optim.AdamW(
        [{"params": encoder, "lr": ENCODER_RATE}, {"params": head, "lr": HEAD_RATE}], weight_decay=DECAY
    )
    steps = sum(-(-len(pieces) // BATCH) for pieces, _, _ in epochs)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / WARM_UP_STEPS) * max(0.02, 1 - step / steps)
    )
    importance = torch.ones(COUNT)
    importance[0], importance[CHAPTERS_AT] = 3.0, 2.0
    began, done = time.monotonic(), 0
    for pieces, wanted, weight in epochs:
        model.train()
        for places in _batches([len(one) for one in pieces], order):
            table, mask = padded([pieces[at] for at in places])
            table = table.masked_fill((torch.rand(table.shape) < UNKNOWN_SHARE) & (table > END), 0)
            counts = torch.from_numpy(weight[places]) * importance
            loss = functional.binary_cross_entropy_with_logits(
                model(table, mask), torch.from_numpy(wanted[places]), counts, reduction="sum"
            ) / (len(places) * 12)  # fmt: skip
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(encoder, 1.0)
            optimiser.step()
            schedule.step()
            done += 1
            if log and done % 50 == 0:
                spent = time.monotonic() - began
                left = spent / done * (steps - done)
                print(f"{log}: step {done}/{steps}, loss {loss.item():.3f}, {left / 60:.0f} min left", flush=True)
        if after_epoch is not None:
            after_epoch(model.eval())
    return model.eval()


def _batches(lengths: Sequence[int], order: random.Random) -> Iterator[list[int]]:
    """Yield batches of texts of about one length, in random order."""
    places = list(range(len(lengths)))
    order.shuffle(places)
    batches: list[list[int]] = []
    for start in range(0, len(places), BATCH * 20):
        near = sorted(places[start : start + BATCH * 20], key=lengths.__getitem__)
        batches.extend(near[at : at + BATCH] for at in range(0, len(near), BATCH))
    order.shuffle(batches)
    yield from batches


def logits(model: Meaning, pieces: Sequence[Pieces]) -> NDArray[np.float32]:
    """Return one number an output for each text."""
    found = np.zeros((len(pieces), COUNT), np.float32)
    places = sorted(range(len(pieces)), key=lambda at: len(pieces[at]))
    with torch.inference_mode():
        for start in range(0, len(places), 128):
            chosen = places[start : start + 128]
            found[chosen] = model(*padded([pieces[at] for at in chosen])).numpy()
    return found


def pieces_of(base: Base, texts: Sequence[str], limit: int = PIECES) -> list[Pieces]:
    """Cut texts into pieces."""
    return [base.vocabulary.pieces(text, limit) for text in texts]


def restored(arrays: Mapping[str, NDArray[np.floating]], base: Base) -> Meaning:
    """Return a model with shipped arrays, for scoring many texts at once."""
    model = Meaning(base).eval()
    with torch.no_grad():
        for name, value in model.encoder.layers.items():
            value.copy_(torch.from_numpy(np.asarray(arrays[f"encoder_{name}"], np.float32)))
        for parameter, name in (
            (model.norm.weight, "gain"), (model.norm.bias, "shift"), (model.first.bias, "b1"), (model.second.bias, "b2")
        ):  # fmt: skip
            parameter.copy_(torch.from_numpy(np.asarray(arrays[f"head_{name}"], np.float32)))
        model.first.weight.copy_(torch.from_numpy(np.asarray(arrays["head_w1"], np.float32).T))
        model.second.weight.copy_(torch.from_numpy(np.asarray(arrays["head_w2"], np.float32).T))
    return model
