"""Nothing that `make run` installs binds its users by copyleft, and every dependency says why it is here."""

import pytest
from tools.dependency_licences import Package, is_copyleft, licence_problems, main, reason_problems


def test_every_dependency_has_a_licence_and_a_reason_and_the_page_is_up_to_date(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize(
    "licence",
    [
        "GPL-3.0-only",
        "LGPL-3.0-or-later",
        "AGPL-3.0",
        "MIT AND LGPL-2.1-only",
        "GPL-2.0 OR AGPL-3.0",
        "GNU General Public License v3 (GPLv3)",
        "GNU Lesser General Public License",
    ],
)
def test_a_copyleft_licence_is_named_with_its_package(licence: str) -> None:
    problems = licence_problems([Package("planted", "1.0", licence)])
    assert len(problems) == 1
    assert problems[0].startswith(f"planted: {licence} must not")


@pytest.mark.parametrize(
    "licence", ["MIT", "MPL-2.0 AND (Apache-2.0 OR MIT)", "MIT OR GPL-3.0-only", "PSF-2.0", "0BSD"]
)
def test_a_licence_that_leaves_a_free_choice_is_no_problem(licence: str) -> None:
    assert not is_copyleft(licence)
    assert licence_problems([Package("fine", "1.0", licence)]) == []


def test_an_unknown_licence_is_a_problem_even_for_the_tests() -> None:
    assert licence_problems([Package("planted", "1.0", "")], may_be_copyleft=True) == [
        "planted: its licence is not known; read it and add it"
    ]


def test_a_dependency_without_a_reason_and_a_reason_without_a_dependency_are_named() -> None:
    problems = reason_problems(["new"], {"gone": "it was useful once"}, "why")
    assert [problem.partition(":")[0] for problem in problems] == ["gone", "new"]
