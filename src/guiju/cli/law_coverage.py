"""Says in words where obligations and code do not cover each other."""

from datetime import date
from importlib.resources import files
from pathlib import Path

from guiju.law.service import Law
from guiju.supervision.controls import all_controls
from guiju.supervision.coverage import Coverage, cited_ids, coverage
from guiju.supervision.recorded import load_reasons


def find_gaps(law: Law, as_of: date) -> list[str]:
    """Return a sentence for each gap: from the obligations in force to who speaks for them, and back.

    Raises:
        ConfigurationError: the recorded reasons cannot be read.
    """
    cited = cited_ids(Path(str(files("guiju"))))
    return say_gaps(coverage(law, all_controls(), load_reasons(), as_of=as_of, cited=cited))


def say_gaps(found: Coverage) -> list[str]:
    """Return a sentence for each gap in `found`."""
    gaps = [
        f"{item}: 没有检查点，也没有记录理由；请补一样 / neither a control nor a recorded reason; add one"
        for item in found.uncovered
    ]
    gaps += [
        f"{item}: 既有检查点又有记录理由，请删去理由 / has both a control and a recorded reason; remove the reason"
        for item in found.doubled
    ]
    gaps += [
        f"{item}: 法律数据里没有，引用于 / not in the law's data, cited at {', '.join(places)}"
        for item, places in found.unknown.items()
    ]
    gaps += [f"{item}: 两个检查点同名 / two controls share this id" for item in found.repeated_controls]
    return gaps
