"""`guiju init`: asks for the facts of the service, and says which obligations they decide."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated

import typer

from guiju.bootstrap import profile_path
from guiju.cli.inputs import read_settings, today
from guiju.cli.terminal import note, say
from guiju.law.models import Applicability, Fact, FactValue, Profile
from guiju.law.profile import MAX_TEXT, load_profile, save_profile
from guiju.law.service import Law, load_law

_YES, _NO, _NONE, _CLEAR = {"y", "yes", "true", "是"}, {"n", "no", "false", "否"}, {"none", "无"}, "-"
_LARGEST = 2**53 - 1


class AnswerError(ValueError):
    """An answer that does not fit its question; the text says what would."""


def command(
    *,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="不提问，只写带说明的模板 / ask nothing, write the commented template")
    ] = False,
) -> None:
    """填写服务画像：哪些义务适用由它判定。/ Fill in the service profile, which decides what obligations bind you."""
    path = profile_path(read_settings())
    law = load_law()
    earlier = load_profile(path, law.facts())
    profile = earlier
    if not defaults and sys.stdin.isatty():
        say("回车：保留原答案，没有则留空（待定）；- 清除答案；Ctrl-D 到此为止。")
        say("Enter keeps the earlier answer, or leaves it undeclared (undecided); - clears it; Ctrl-D ends here.\n")
        profile = ask_profile(law.facts(), earlier, read=input, on=today())
    save_profile(path, profile, law.facts())
    note(f"已写入 / written: {path}")
    summarise(law, profile, today())


def ask_profile(facts: Sequence[Fact], earlier: Profile, *, read: Callable[[str], str], on: date) -> Profile:
    """Ask every fact with `read`; the end of input keeps all answers so far. `on` is the day of declaring."""
    answers = dict(earlier.facts)
    by = earlier.declared_by
    try:
        said = read(f"申报人或部门 / who declares{_shown(by)}: ").strip()
        by = "" if said == _CLEAR else (said or by)[:MAX_TEXT]
        for number, fact in enumerate(facts, 1):
            _ask(fact, answers, read=read, place=f"{number}/{len(facts)}")
    except EOFError:
        say("\n到此为止，已答的都会保存。 / Ending here; what was answered is kept.")
    is_same = (answers, by) == (earlier.facts, earlier.declared_by)
    return Profile(answers, by, earlier.declared_on if is_same else on)


def _ask(fact: Fact, answers: dict[str, FactValue], *, read: Callable[[str], str], place: str) -> None:
    say(f"\n[{place}] {fact.question}\n  {fact.question_en}", style="bold")
    for number, choice in enumerate(fact.choices, 1):
        zh = fact.choices_zh[number - 1] if fact.choices_zh else ""
        say(f"  {number}. {choice} {zh}".rstrip())
    while True:
        said = read(f"  {_hint(fact)}{_shown(answers.get(fact.id))}: ").strip()
        if not said:
            return
        if said == _CLEAR:
            answers.pop(fact.id, None)
            return
        try:
            answers[fact.id] = parse_answer(fact, said)
        except AnswerError as error:
            say(f"  {error}", style="yellow")
        else:
            return


def parse_answer(fact: Fact, said: str) -> FactValue:
    """Read what a person typed as a value of `fact`.

    Raises:
        AnswerError: it is none; the text says what would be.
    """
    if fact.kind == "bool":
        return _yes_or_no(said)
    if fact.kind == "int":
        return _number(said)
    if fact.kind == "choice":
        return _choice(fact, said)
    if fact.kind == "choices":
        return _choices(fact, said)
    if len(said) > MAX_TEXT:
        raise AnswerError(f"最多 {MAX_TEXT} 个字。 / At most {MAX_TEXT} characters.")
    return said


def _yes_or_no(said: str) -> bool:
    if said.lower() not in _YES | _NO:
        raise AnswerError("请答 y（是）或 n（否）。 / Answer y or n.")
    return said.lower() in _YES


def _number(said: str) -> int:
    if not (said.isascii() and said.isdigit() and len(said) < 17 and int(said) <= _LARGEST):  # noqa: PLR2004 - digits of 2^53
        raise AnswerError("请写一个非负整数。 / Write a whole number, 0 or more.")
    return int(said)


def _choices(fact: Fact, said: str) -> tuple[str, ...]:
    if said.lower() in _NONE:
        return ()
    parts = said.replace("，", ",").replace("、", ",").split(",")
    return tuple(dict.fromkeys(_choice(fact, part.strip()) for part in parts if part.strip()))


def _choice(fact: Fact, said: str) -> str:
    if said.isascii() and said.isdigit() and len(said) < 4 and 1 <= int(said) <= len(fact.choices):  # noqa: PLR2004 - no list is longer
        return fact.choices[int(said) - 1]
    if said in fact.choices:
        return said
    if said in fact.choices_zh:
        return fact.choices[fact.choices_zh.index(said)]
    last = len(fact.choices)
    raise AnswerError(
        f"{said[:40]!r} 不是选项；请写 1 到 {last} 的编号。 / Not a choice; write a number from 1 to {last}."
    )


def _hint(fact: Fact) -> str:
    return {
        "bool": "y/n",
        "int": "0, 1, 2 …",
        "text": "文字 / text",
        "choice": "编号 / number",
        "choices": "编号，逗号分隔，无则 none / numbers with commas, or none",
    }[fact.kind]


def _shown(value: FactValue | None) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return " [是 / y]" if value else " [否 / n]"
    return f" [{', '.join(value) or 'none'}]" if isinstance(value, tuple) else f" [{value}]"


def summarise(law: Law, profile: Profile, on: date) -> None:
    """Say how many obligations bind, do not, or are undecided, and what would decide the undecided ones."""
    applied = [law.apply(obligation, profile) for obligation in law.obligations(on)]
    counts = Counter(one.applicability for one in applied)
    say(
        f"义务 / obligations {len(applied)}："
        f"适用 / apply {counts[Applicability.APPLIES]}，"
        f"不适用 / do not apply {counts[Applicability.DOES_NOT_APPLY]}，"
        f"待定 / undecided {counts[Applicability.UNDECIDED]}"
    )
    missing = Counter(name for one in applied for name in one.missing_facts)
    if missing:
        labels = {fact.id: fact.label for fact in law.facts()}
        listed = "、".join(f"{labels.get(name) or name}（{count}）" for name, count in missing.most_common(5))
        say(f"最能减少待定的事实 / facts that would decide most: {listed}")
