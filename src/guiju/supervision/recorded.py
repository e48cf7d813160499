"""Reads the files in `data`: why an obligation is not checked, and what each kind of evidence is called."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from guiju.kit.errors import ConfigurationError
from guiju.law.models import Outcome
from guiju.supervision.models import RecordedReason

_DATA = Path(__file__).parent / "data"
REASONS_FILE = _DATA / "recorded_reasons.yaml"
KINDS_FILE = _DATA / "evidence_kinds.yaml"
_ALLOWED = (Outcome.NEEDS_REVIEW, Outcome.NOT_RUN)


def load_reasons(path: Path = REASONS_FILE) -> Mapping[str, RecordedReason]:
    """Read the recorded reasons, by obligation.

    Raises:
        ConfigurationError: the file is not as it should be; it names the obligation.
    """
    reasons: dict[str, RecordedReason] = {}
    for obligation, item in _mapping(_load(path), path, "").items():
        fields = _mapping(item, path, obligation)
        outcome = next((word for word in _ALLOWED if word.value == fields.get("outcome")), None)
        if outcome is None:
            raise _fault(path, obligation, "outcome")
        zh, en = (_text(fields, key, path=path, where=obligation) for key in ("zh", "en"))
        reasons[obligation] = RecordedReason(obligation, outcome, zh, en)
    return reasons


def load_kinds(path: Path = KINDS_FILE) -> Mapping[str, tuple[str, str]]:
    """Read what each kind of evidence is called, in Chinese and English.

    Raises:
        ConfigurationError: the file is not as it should be; it names the kind.
    """
    kinds: dict[str, tuple[str, str]] = {}
    for kind, item in _mapping(_load(path), path, "").items():
        fields = _mapping(item, path, kind)
        kinds[kind] = (_text(fields, "zh", path=path, where=kind), _text(fields, "en", path=path, where=kind))
    return kinds


def _load(path: Path) -> object:
    try:
        return yaml.load(path.read_bytes(), Loader=_OnceOnly)  # noqa: S506 - a SafeLoader that refuses doubled keys
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(
            f"读不到或不是合法的 YAML（{error}），请恢复这个文件。",
            f"It cannot be read or is no valid YAML ({error}); restore the file.",
            where=str(path),
        ) from error


class _OnceOnly(yaml.SafeLoader):
    """A safe loader that refuses a key that stands twice, of which the first would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002 - as PyYAML calls it
        """Read a mapping whose keys are all different."""
        keys = [key.value for key, _ in node.value]
        if len(keys) != len(set(map(str, keys))):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return dict(super().construct_mapping(node, deep))


def _mapping(value: object, path: Path, where: str) -> dict[str, object]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _fault(path, where, "…")
    return value


def _text(fields: Mapping[str, object], key: str, *, path: Path, where: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _fault(path, where, key)
    return value


def _fault(path: Path, where: str, key: str) -> ConfigurationError:
    return ConfigurationError(
        f"{where} 的 {key} 缺失或不合要求：须有 zh、en，理由还须有 outcome（needs_review 或 not_run）。",
        f"{key} of {where} is missing or wrong: it needs zh and en, and in a reason outcome (needs_review, not_run).",
        where=str(path),
    )
