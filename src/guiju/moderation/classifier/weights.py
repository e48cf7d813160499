"""The folder of weights: a manifest and one array a file, mapped into memory and shared between processes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from guiju.moderation.classifier.errors import ClassifierError

FORMAT = 1
_MANIFEST = "manifest.json"

Array = NDArray[np.generic]


def builtin_weights() -> Path:
    """Return the folder of the weights that ship with the package."""
    return Path(str(resources.files("guiju.moderation.classifier").joinpath("data")))


@dataclass(frozen=True, slots=True)
class Weights:
    """The arrays of one model.

    Attributes:
        arrays: by name; read-only maps of their files.
        settings: numbers that are no arrays, by name.
        version: SHA-256 over the digests of all arrays: names the model in evidence and reports.
    """

    arrays: Mapping[str, Array]
    settings: Mapping[str, float]
    version: str


def read_weights(folder: Path) -> Weights:
    """Map the arrays of `folder` into memory after comparing each with its digest.

    Raises:
        ClassifierError: a file is missing, cannot be read or is not what the manifest says.
    """
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        digests: dict[str, str] = {str(name): str(digest) for name, digest in manifest["arrays"].items()}
        settings = {str(name): float(value) for name, value in manifest["settings"].items()}
        is_known = manifest["format"] == FORMAT
        arrays = {name: _mapped(folder / f"{name}.npy", digest) for name, digest in digests.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unusable(folder, f"{type(error).__name__}: {error}") from error
    if not is_known:
        raise _unusable(folder, f"format {manifest['format']!r}")
    return Weights(arrays, settings, _version(digests))


def write_weights(folder: Path, arrays: Mapping[str, Array], settings: Mapping[str, float]) -> str:
    """Write a model to `folder` and return its version; files of an earlier model there are replaced or removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.npy"):
        old.unlink()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
    digests = {name: _digest((folder / f"{name}.npy").read_bytes()) for name in sorted(arrays)}
    manifest = {"format": FORMAT, "arrays": digests, "settings": dict(sorted(settings.items()))}
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return _version(digests)


def _mapped(path: Path, digest: str) -> Array:
    if _digest(path.read_bytes()) != digest:
        raise ValueError(f"{path.name} is not what the manifest says")  # becomes a ClassifierError above
    array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _version(digests: Mapping[str, str]) -> str:
    return _digest("\n".join(f"{name} {digest}" for name, digest in sorted(digests.items())).encode())


def _unusable(folder: Path, why: str) -> ClassifierError:
    return ClassifierError(
        f"分类器的权重不能用（{why}）。请重新安装 guiju，或运行 `make train` 重新训练；也可以在策略中停用 classifier。",
        f"The classifier's weights cannot be used ({why}). Reinstall guiju or train them anew with `make train`; "
        "or switch the classifier off in the policy.",
        where=str(folder),
    )
