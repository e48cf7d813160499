"""YAML as plain nodes that remember their line: no tags, no aliases, no doubled keys, nothing deep, nothing guessed.

A scalar stays text here; what reads it knows from the model whether it is a date, a number or a word, so that `no`
and `2023-08-15` never turn into something by themselves.
"""

from dataclasses import dataclass
from typing import TypeAlias

import yaml
from yaml import events

from guiju.kit.errors import ConfigurationError

MAX_DEPTH = 24
MAX_BYTES = 1_048_576

Node: TypeAlias = "Scalar | Sequence | Mapping"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as it is written; `is_plain` when it stands without quotes."""

    text: str
    is_plain: bool
    line: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: "list[Node]"
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and their values, in the order of the file."""

    entries: "dict[str, Node]"
    line: int


class _Open:
    """A list or mapping that is still being read."""

    __slots__ = ("entries", "items", "key", "line")

    def __init__(self, line: int, *, is_mapping: bool) -> None:
        self.line = line
        self.items: list[Node] = []
        self.entries: dict[str, Node] | None = {} if is_mapping else None
        self.key: str | None = None

    def closed(self) -> Node:
        """Return the list or mapping, now complete."""
        if self.entries is None:
            return Sequence(self.items, self.line)
        return Mapping(self.entries, self.line)

    def put(self, node: Node, where: str) -> None:
        """Take the next item, key or value."""
        if self.entries is None:
            self.items.append(node)
        elif self.key is not None:
            self.entries[self.key] = node
            self.key = None
        elif not isinstance(node, Scalar):
            raise _unwanted("不是文字的键", "a key that is no text", where)
        elif node.text in self.entries:
            raise ConfigurationError(
                f"键 {node.text[:40]} 出现了两次，请留一个。",
                f"The key {node.text[:40]} stands twice; keep one.",
                where=where,
            )
        else:
            self.key = node.text


def parse_yaml(content: bytes, where: str) -> Node:
    """Read one YAML document into nodes; an empty document is an empty mapping.

    Args:
        content: the bytes of the file, at most `MAX_BYTES`.
        where: what errors call the file.

    Raises:
        ConfigurationError: too large, no UTF-8, no YAML, several documents, or something else that is not taken.
    """
    if len(content) > MAX_BYTES:
        raise ConfigurationError(
            f"文件大于 {MAX_BYTES} 字节，请拆分。", f"The file is larger than {MAX_BYTES} bytes; split it.", where=where
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"文件不是 UTF-8（第 {error.start} 字节），请另存为 UTF-8。",
            f"The file is not UTF-8 (byte {error.start}); save it as UTF-8.",
            where=where,
        ) from error
    try:
        builder = _Builder(where)
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}" if mark is not None else where
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigurationError(
            f"不是合法的 YAML：{problem}。", f"This is no valid YAML: {problem}.", where=place
        ) from error
    return builder.root()


class _Builder:
    """Puts the events of one document together."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._stack: list[_Open] = []
        self._root: Node | None = None

    def take(self, event: events.Event) -> None:
        """Take the next event."""
        line = 1 if event.start_mark is None else event.start_mark.line + 1
        place = f"{self._where}:{line}"
        if isinstance(event, events.AliasEvent):
            raise _unwanted("别名（*）", "an alias (*)", place)
        if isinstance(event, events.NodeEvent):
            _refuse_extras(event, place)
        if isinstance(event, events.ScalarEvent):
            self._put(Scalar(event.value, event.implicit[0], line))
        elif isinstance(event, (events.MappingStartEvent, events.SequenceStartEvent)):
            if len(self._stack) >= MAX_DEPTH:
                raise _unwanted(f"超过 {MAX_DEPTH} 层的嵌套", f"nesting deeper than {MAX_DEPTH}", place)
            self._stack.append(_Open(line, is_mapping=isinstance(event, events.MappingStartEvent)))
        elif isinstance(event, (events.MappingEndEvent, events.SequenceEndEvent)):
            self._put(self._stack.pop().closed())

    def _put(self, node: Node) -> None:
        if self._stack:
            self._stack[-1].put(node, f"{self._where}:{node.line}")
        elif self._root is not None:
            raise _unwanted("第二个文档（---）", "a second document (---)", f"{self._where}:{node.line}")
        else:
            self._root = node

    def root(self) -> Node:
        """Return the document; an empty one is an empty mapping."""
        root = self._root
        if root is None or (isinstance(root, Scalar) and root.is_plain and root.text == ""):
            return Mapping({}, 1)
        return root


def _refuse_extras(event: events.NodeEvent, where: str) -> None:
    if event.anchor is not None:
        raise _unwanted("锚点（&）", "an anchor (&)", where)
    if getattr(event, "tag", None) is not None:
        raise _unwanted("标签（!）", "a tag (!)", where)


def _unwanted(zh: str, en: str, where: str) -> ConfigurationError:
    return ConfigurationError(
        f"这里不接受{zh}，请改写成普通的值。", f"This file may not hold {en}; write it out.", where=where
    )
