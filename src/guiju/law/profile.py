"""The operator's service profile: a YAML file of declared facts that a person can fill in by hand.

What is left empty is not known, and an obligation that hangs on it is 待定 (undecided), never "no".
"""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from guiju.kit.errors import ConfigurationError
from guiju.law.decoding import Place, integer, is_null, iso_date
from guiju.law.loader import load_facts
from guiju.law.models import Fact, FactValue, Profile
from guiju.law.yaml_nodes import Mapping, Node, Scalar, parse_yaml
from guiju.law.yaml_nodes import Sequence as NodeSequence
from guiju.storage.blobs import write_atomically

MAX_TEXT = 500
MAX_PROFILE_BYTES = 262_144
_KEYS = ("declared_by", "declared_on", "facts")

_HEAD = """\
# 服务画像：本服务的事实。每一项义务是否适用由它们判定；留空就是未知，结果是“待定”，绝不当作“否”。
# The service profile: the facts of this service. They decide which obligations bind it; what is left empty is not
# known, and gives "undecided", never "no".
"""


def load_profile(path: Path, facts: Sequence[Fact] | None = None) -> Profile:
    """Read the declared facts; a file that does not exist is a profile that declares nothing.

    Args:
        path: the YAML file.
        facts: the facts that there are; the package's own when None.

    Raises:
        ConfigurationError: the file cannot be read, or declares an unknown fact or a value of the wrong kind; it names
            the line and the fact.
    """
    try:
        content = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise ConfigurationError(
            f"读不到服务画像（{error.strerror or error}），请检查文件的权限。",
            f"The service profile cannot be read ({error.strerror or error}); check the file's permissions.",
            where=str(path),
        ) from error
    if len(content) > MAX_PROFILE_BYTES:
        raise ConfigurationError(
            f"服务画像大于 {MAX_PROFILE_BYTES} 字节，这不像是一份画像。",
            f"The service profile is larger than {MAX_PROFILE_BYTES} bytes; this does not look like a profile.",
            where=str(path),
        )
    return read_profile(content, load_facts() if facts is None else facts, str(path))


def read_profile(content: bytes, facts: Iterable[Fact], where: str) -> Profile:
    """Read a profile from the bytes of its file.

    Raises:
        ConfigurationError: as `load_profile`.
    """
    place = Place(where)
    entries = _mapping(parse_yaml(content, where), place, _KEYS)
    known = {fact.id: fact for fact in facts}
    declared: dict[str, FactValue] = {}
    node = entries.get("facts")
    if node is not None and not is_null(node):
        for name, value in _mapping(node, place.at("facts"), tuple(known)).items():
            if not is_null(value):
                declared[name] = _fact_value(value, known[name], place.at(name))
    by, on = entries.get("declared_by"), entries.get("declared_on")
    return Profile(
        facts=declared,
        declared_by="" if by is None or is_null(by) else _text(by, place.at("declared_by")),
        declared_on=None if on is None or is_null(on) else _day(on, place.at("declared_on")),
    )


def save_profile(path: Path, profile: Profile, facts: Sequence[Fact] | None = None) -> None:
    """Write the profile with every fact's question above it, so that a person can go on filling it in; atomically.

    Raises:
        ConfigurationError: the profile holds a fact that there is not, or a value of the wrong kind; then
            nothing is written.
        StorageError: the file cannot be written.
    """
    content = write_profile(profile, load_facts() if facts is None else facts)
    write_atomically(path, content)


def write_profile(profile: Profile, facts: Sequence[Fact]) -> bytes:
    """Return the file of a profile; `read_profile` reads the same profile from it.

    Raises:
        ConfigurationError: the profile holds a fact that there is not, or a value of the wrong kind.
    """
    lines = [_HEAD]
    lines.append("# 申报人 / who declares")
    lines.append(f"declared_by: {_quoted(profile.declared_by) if profile.declared_by else ''}".rstrip())
    lines.append("# 申报日期 / declared on (2026-01-31)")
    lines.append(f"declared_on: {profile.declared_on.isoformat() if profile.declared_on else ''}".rstrip())
    lines.append("facts:")
    for fact in facts:
        value = profile.facts.get(fact.id)
        lines.extend(("", f"  # {fact.question}", f"  # {fact.question_en}", f"  # {_hint(fact)}"))
        lines.append(f"  {fact.id}: {'' if value is None else _written(value)}".rstrip())
    content = ("\n".join(lines) + "\n").encode()
    again = _read_back(content, profile, facts)
    if again != profile:
        wrong = sorted(set(profile.facts.items()) ^ set(again.facts.items()), key=str)
        raise ConfigurationError(
            f"画像里有无法写入的值：{wrong}。", f"The profile holds values that cannot be written: {wrong}."
        )
    return content


def _read_back(content: bytes, profile: Profile, facts: Sequence[Fact]) -> Profile:
    """Read what is about to be written: a profile that does not come back as it was is not written."""
    known = {fact.id for fact in facts}
    for name in profile.facts:
        if name not in known:
            raise ConfigurationError(
                f"没有名为 {name} 的事实，请核对。", f"There is no fact {name}; check the name.", where=name
            )
    return read_profile(content, facts, "profile.yaml")


def _mapping(node: Node, place: Place, keys: tuple[str, ...]) -> dict[str, Node]:
    if not isinstance(node, Mapping):
        raise place.error(node, "应当是一个映射（键: 值）。", "This must be a mapping (key: value).")
    for key, value in node.entries.items():
        if key not in keys:
            raise place.error(
                value,
                f"不认识 {key[:80]!r}；可以用：{'、'.join(keys)}。",
                f"{key[:80]!r} is not known; the known ones: {', '.join(keys)}.",
            )
    return node.entries


def _fact_value(node: Node, fact: Fact, place: Place) -> FactValue:
    if fact.kind == "choices":
        return _choices(node, fact, place)
    scalar = _scalar(node, place)
    if fact.kind == "int":
        number = integer(scalar, place)
        if number < 0:
            raise place.error(node, "不能是负数。", "This cannot be negative.")
        return number
    if fact.kind == "bool":
        if not scalar.is_plain or scalar.text not in {"true", "false"}:
            raise place.error(
                node,
                f"{scalar.text[:40]!r} 应当是 true（是）或 false（否）；不知道就留空。",
                f"{scalar.text[:40]!r} must be true or false; leave it empty if you do not know.",
            )
        return scalar.text == "true"
    text = _text(scalar, place)
    if fact.kind == "choice":
        _check_choice(node, text, fact, place=place)
    return text


def _choices(node: Node, fact: Fact, place: Place) -> tuple[str, ...]:
    if not isinstance(node, NodeSequence):
        raise place.error(
            node, f"应当是列表，例如 [{fact.choices[0]}]。", f"This must be a list, for example [{fact.choices[0]}]."
        )
    chosen = [_text(item, place) for item in node.items]
    for text in chosen:
        _check_choice(node, text, fact, place=place)
    if len(set(chosen)) != len(chosen):
        raise place.error(node, "同一个选项写了两次。", "One choice stands twice.")
    return tuple(chosen)


def _check_choice(node: Node, text: str, fact: Fact, *, place: Place) -> None:
    if text not in fact.choices:
        raise place.error(
            node,
            f"{text[:40]!r} 不是可选项；可选：{'、'.join(fact.choices)}。",
            f"{text[:40]!r} is not one of the choices: {', '.join(fact.choices)}.",
        )


def _scalar(node: Node, place: Place) -> Scalar:
    if not isinstance(node, Scalar):
        raise place.error(node, "应当是一个值，不是列表或映射。", "This must be one value, no list or mapping.")
    return node


def _text(node: Node, place: Place) -> str:
    text = _scalar(node, place).text
    if len(text) > MAX_TEXT:
        raise place.error(
            node, f"文字超过 {MAX_TEXT} 个字，请缩短。", f"The text is longer than {MAX_TEXT} characters; shorten it."
        )
    return text


def _day(node: Node, place: Place) -> date:
    return iso_date(_scalar(node, place), place)


def _hint(fact: Fact) -> str:
    if fact.kind in {"choice", "choices"}:
        words = dict(zip(fact.choices, fact.choices_zh, strict=False))
        listed = ", ".join(f"{item}（{words[item]}）" if item in words else item for item in fact.choices)
        return f"[{listed}]" if fact.kind == "choices" else listed
    return {"bool": "true / false", "int": "0, 1, 2 …", "text": "文字 / text"}[fact.kind]


def _written(value: FactValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(_quoted(item) for item in value)}]"
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    """Write `text` as a double-quoted YAML scalar on one line, with everything that does not print escaped."""
    return '"' + "".join(_escaped(symbol) for symbol in text) + '"'


def _escaped(symbol: str) -> str:
    if symbol in {'"', "\\"}:
        return "\\" + symbol
    if symbol == " " or symbol.isprintable():
        return symbol
    return f"\\U{ord(symbol):08X}"
