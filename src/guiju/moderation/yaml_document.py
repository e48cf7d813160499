"""Reading YAML that a stranger wrote: every scalar is text, every value knows its line, nothing can explode.

Read from parser events, not composed nodes: nesting is bounded before anything recurses, aliases are refused (a few
lines of them expand to gigabytes), duplicate keys are errors. Text stays text: `no`, `110` and `1e5` are words.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the line it stands on, counted from 1."""

    value: "str | list[Node] | dict[str, Node]"
    line: int


@dataclass(slots=True)
class DocumentError(Exception):
    """What is wrong with a document, where."""

    zh: str
    en: str
    line: int = 0


@dataclass(slots=True)
class _Frame:
    line: int
    items: list[Node] | None = None
    fields: dict[str, Node] | None = None
    key: str | None = field(default=None)


def parse_document(content: bytes, *, max_bytes: int) -> Node:
    """Read one YAML document.

    Raises:
        DocumentError: too long, not UTF-8, not YAML, nested too deep, an alias, a duplicate key, or no single document.
    """
    if len(content) > max_bytes:
        raise DocumentError(
            f"文件超过 {max_bytes} 字节，请拆分。", f"The file is longer than {max_bytes} bytes; split it."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DocumentError(
            "不是 UTF-8 编码，请转换后再用。", "The file is not UTF-8; convert it first.", line
        ) from error
    try:
        return _build(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        line = mark.line + 1 if mark is not None else 0
        raise DocumentError(f"YAML 语法错误：{problem}。", f"This is not YAML: {problem}.", line) from error


def _build(events: Iterator[yaml.Event]) -> Node:
    stack: list[_Frame] = []
    root: Node | None = None
    for event in events:
        line = event.start_mark.line + 1 if event.start_mark is not None else 0
        node = _open_or_close(stack, event, line)
        if node is None:
            continue
        if stack:
            _place(stack[-1], node)
        elif root is None:
            root = node
        else:
            raise DocumentError("一个文件只能有一个 YAML 文档。", "A file may hold one YAML document only.", line)
    if root is None:
        raise DocumentError("文件是空的。", "The file is empty.", 1)
    return root


def _open_or_close(stack: list[_Frame], event: yaml.Event, line: int) -> Node | None:
    """Follow one event; return a node when one is complete."""
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise DocumentError(
            "不支持 YAML 锚点和别名（& 和 *）；若是词语请加引号。",
            "YAML anchors and aliases are not taken; quote the text if it is a term.",
            line,
        )
    if isinstance(event, yaml.ScalarEvent):
        return Node(event.value, line)
    if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
        if len(stack) >= MAX_DEPTH:
            raise DocumentError(f"嵌套超过 {MAX_DEPTH} 层。", f"Nested deeper than {MAX_DEPTH}.", line)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        stack.append(_Frame(line, items=[]) if is_list else _Frame(line, fields={}))
    elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
        frame = stack.pop()
        return Node(frame.items if frame.items is not None else frame.fields or {}, frame.line)
    return None


def _place(frame: _Frame, node: Node) -> None:
    if frame.items is not None:
        frame.items.append(node)
        return
    fields = frame.fields if frame.fields is not None else {}
    if frame.key is not None:
        fields[frame.key] = node
        frame.key = None
        return
    if not isinstance(node.value, str):
        raise DocumentError("键必须是文字。", "A key must be text.", node.line)
    if node.value in fields:
        raise DocumentError(
            f"键 {node.value[:40]!r} 重复。", f"The key {node.value[:40]!r} stands here twice.", node.line
        )
    frame.key = node.value
