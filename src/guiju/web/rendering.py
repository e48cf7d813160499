"""Templates: Jinja2 with autoescape, in two languages, times in Beijing time, assets under their content hash."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path

import jinja2
import orjson
from markupsafe import Markup

from guiju.kit.clock import BEIJING, to_iso
from guiju.kit.i18n import Translator, load_translators
from guiju.law.models import Outcome
from guiju.web.badges import Badges

HERE = Path(__file__).parent
STATIC = HERE / "static"
AI_MARK = "内容由 AI 生成"


class Renderer:
    """Fills templates."""

    def __init__(self) -> None:
        """Load the templates' folder and both languages.

        Raises:
            OSError: the English catalogue cannot be read.
        """
        self._translators = load_translators(HERE / "locale")
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            beijing=beijing, day=day, instant=instant, chars=chars, pretty_json=pretty_json, half=half
        )
        self._environment.globals.update(asset=asset, Outcome=Outcome, ai_mark=AI_MARK)

    def translator(self, language: str) -> Translator:
        """Return who speaks `language`."""
        return self._translators[language]

    def page(self, template: str, language: str, values: Mapping[str, object]) -> str:
        """Fill `template` in `language`."""
        translate = self._translators[language]
        return self._environment.get_template(template).render(
            {"_": translate, "pick": translate.pick, "lang": language, "badge": Badges(translate), **values}
        )


def beijing(at: datetime | None) -> str:
    """Write an instant as a person in Beijing reads it; empty for none."""
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def instant(at: datetime | None) -> Markup:
    """Write an instant as a `<time>` element."""
    if at is None:
        return Markup("<span>—</span>")
    return Markup('<time datetime="{}">{}</time>').format(to_iso(at), beijing(at))


def day(on: date | None) -> str:
    """Write a date; empty for none."""
    return on.isoformat() if on else ""


def chars(text: str, most: int = 80) -> str:
    """Cut a text to `most` characters, visibly."""
    return text if len(text) <= most else text[: most - 1] + "…"


def half(text: str, language: str) -> str:
    """Return the half of a "Chinese / English" text that is in `language`; the whole text where it has no halves."""
    chinese, parted, english = text.partition(" / ")
    return english if parted and language == "en" else chinese


def pretty_json(value: object) -> str:
    """Write a value as JSON that a person can read."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()


@cache
def asset(name: str) -> str:
    """Return the address of a static file with its content hash, so that a browser may keep it for ever."""
    path = STATIC / name
    if not path.is_file():
        return f"/static/{name}"
    return f"/static/{name}?v={hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
