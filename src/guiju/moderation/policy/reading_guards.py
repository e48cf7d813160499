"""The guards of a policy, read field by field."""

import re
from collections.abc import Mapping

from guiju.moderation.fields import FieldReader
from guiju.moderation.models import RISK_IDS, WISHES
from guiju.moderation.policy.bundle import ANYWHERE, DETECTORS
from guiju.moderation.policy.guards import LABELS, ON_FAILURE, Ask, GuardKind, GuardPolicy, Window
from guiju.moderation.yaml_document import Node

MAX_GUARDS = 16
MAX_PROMPT = 20_000
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_URL = re.compile(r"https?://[^\s/@]+(/[^\s]*)?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
FIELDS = (
    *("name", "kind", "base_url", "model", "api_key_env", "scopes", "ask", "uncertain", "share", "output"),
    *("window_chars", "budget_ms", "on_failure", "breaker", "cache", "max_chars", "concurrency"),
    *("unsafe", "controversial", "categories", "prompt"),
)
Bounds = tuple[int, int]


def read_guards(reader: FieldReader, node: Node | None) -> tuple[GuardPolicy, ...]:
    """Read the list of guards; what is wrong is left with the reader."""
    nodes = reader.items(node, "guards")
    if len(nodes) > MAX_GUARDS:
        reader.refuse(nodes[MAX_GUARDS].line, "guards", (f"最多 {MAX_GUARDS} 个。", f"{MAX_GUARDS} at most."))
    found: list[GuardPolicy] = []
    for at, item in enumerate(nodes[:MAX_GUARDS]):
        guard = _guard(reader, item, f"guards[{at}]")
        if guard.name in {*DETECTORS, *(other.name for other in found)}:
            reader.refuse(item.line, f"guards[{at}].name", ("这个名称已被使用。", "the name is taken."))
        found.append(guard)
    return tuple(found)


def _guard(reader: FieldReader, node: Node, place: str) -> GuardPolicy:
    fields = reader.mapping(node, place, FIELDS, required=("name", "kind", "base_url"))
    form = _Form(reader, fields, place)
    kind = GuardKind(form.choice("kind", tuple(GuardKind), "prompted"))
    at_least, below, wishes = _uncertain(reader, fields.get("uncertain"), f"{place}.uncertain")
    breaker = form.part("breaker", ("failures", "seconds"))
    cache = form.part("cache", ("entries", "seconds"))
    return GuardPolicy(
        name=form.pattern("name", _NAME, ("小写字母、数字、点、横线", "lower-case letters, digits, dots and dashes")),
        kind=kind,
        url=form.pattern("base_url", _URL, ("http:// 或 https:// 地址", "an http:// or https:// address")).rstrip("/"),
        model=reader.text(fields.get("model"), f"{place}.model"),
        api_key_env=form.pattern("api_key_env", _VARIABLE, ("环境变量名", "the name of an environment variable")),
        scopes=_scopes(form, kind),
        ask=Ask(form.choice("ask", tuple(Ask), "always")),
        at_least=at_least,
        below=below,
        uncertain_wishes=wishes,
        share=reader.ratio(fields.get("share"), f"{place}.share", default=0.0),
        window=Window(form.choice("output", tuple(Window), "sentences")),
        window_chars=form.number("window_chars", (20, 10_000), 200),
        budget_ms=form.number("budget_ms", (10, 120_000), 3000),
        on_failure=ON_FAILURE[form.choice("on_failure", tuple(ON_FAILURE), "closed")],
        breaker_failures=breaker.number("failures", (1, 1000), 5),
        breaker_seconds=breaker.number("seconds", (1, 3600), 30),
        cache_entries=cache.number("entries", (0, 1_000_000), 10_000),
        cache_seconds=cache.number("seconds", (1, 604_800), 3600),
        max_chars=form.number("max_chars", (200, 100_000), 8000),
        concurrency=form.number("concurrency", (1, 1000), 32),
        wishes={
            label: form.choice(label, WISHES, default)
            for label, default in zip(LABELS, ("block", "review"), strict=True)
        },
        categories=_categories(reader, fields.get("categories"), f"{place}.categories"),
        prompt=_prompt(form, kind),
    )


class _Form:
    """The fields of one mapping, read with its place before their names."""

    def __init__(self, reader: FieldReader, fields: Mapping[str, Node], place: str) -> None:
        self.reader, self.fields, self.place = reader, fields, place

    def part(self, name: str, allowed: tuple[str, ...]) -> "_Form":
        node, place = self.fields.get(name), f"{self.place}.{name}"
        return _Form(self.reader, self.reader.mapping(node, place, allowed) if node is not None else {}, place)

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        return self.reader.choice(self.fields.get(name), f"{self.place}.{name}", choices, default=default)

    def number(self, name: str, bounds: Bounds, default: int) -> int:
        return self.reader.number(self.fields.get(name), f"{self.place}.{name}", bounds, default=default)

    def pattern(self, name: str, pattern: re.Pattern[str], wanted: tuple[str, str]) -> str:
        node = self.fields.get(name)
        said = self.reader.text(node, f"{self.place}.{name}")
        if node is not None and not pattern.fullmatch(said):
            zh, en = wanted
            self.reader.refuse(node.line, f"{self.place}.{name}", (f"应当是{zh}。", f"{en} is expected."))
        return said


def _scopes(form: _Form, kind: GuardKind) -> tuple[str, ...]:
    default = ("output",) if kind is GuardKind.SHIELDLM else ANYWHERE
    node, place = form.fields.get("scopes"), f"{form.place}.scopes"
    scopes = form.reader.choices(node, place, ANYWHERE, default=default)
    if kind is GuardKind.SHIELDLM and node is not None and scopes != default:
        form.reader.refuse(
            node.line, place, ("ShieldLM 只评判回答，只能是 [output]。", "ShieldLM judges answers only: [output].")
        )
    return scopes


def _uncertain(reader: FieldReader, node: Node | None, place: str) -> tuple[float, float, tuple[str, ...]]:
    fields = reader.mapping(node, place, ("at_least", "below", "wishes")) if node is not None else {}
    at_least = reader.ratio(fields.get("at_least"), f"{place}.at_least", default=0.3)
    below = reader.ratio(fields.get("below"), f"{place}.below", default=0.9)
    if node is not None and at_least >= below:
        reader.refuse(node.line, place, ("at_least 应小于 below。", "at_least must be less than below."))
    return at_least, below, reader.choices(fields.get("wishes"), f"{place}.wishes", WISHES, default=("review",))


def _categories(reader: FieldReader, node: Node | None, place: str) -> dict[str, tuple[str, ...]]:
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        reader.refuse(node.line, place, ("这里应当是键值对。", "key: value pairs are expected here."))
        return {}
    return {
        name: reader.choices(risks, f"{place}.{name[:60]}", RISK_IDS, default=()) for name, risks in node.value.items()
    }


def _prompt(form: _Form, kind: GuardKind) -> str:
    node, place = form.fields.get("prompt"), f"{form.place}.prompt"
    prompt = form.reader.text(node, place)
    if node is None:
        return prompt
    if kind not in {GuardKind.PROMPTED, GuardKind.SHIELDLM}:
        why = ("只有 prompted 与 shieldlm 才能写。", "only prompted and shieldlm take it.")
        form.reader.refuse(node.line, place, why)
    if not 0 < len(prompt) <= MAX_PROMPT:
        why = (f"需要 1 到 {MAX_PROMPT} 个字。", f"1 to {MAX_PROMPT} characters are needed.")
        form.reader.refuse(node.line, place, why)
    if kind is GuardKind.SHIELDLM and not ("{query}" in prompt and "{response}" in prompt):
        form.reader.refuse(node.line, place, ("须含 {query} 与 {response}。", "it must hold {query} and {response}."))
    return prompt
