"""The library and the policy as they are shipped, read once, and our own sentences."""

from pathlib import Path

import pytest
from tests.factories.policies import words_alone

from guiju.moderation.library import Library, LibrarySources, load_library
from guiju.moderation.models import Scope
from guiju.moderation.service import Moderation, builtin_folder

HERE = Path(__file__).parent


def lines_of(name: str) -> list[str]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


@pytest.fixture(scope="session")
def library() -> Library:
    return load_library(LibrarySources(builtin_folder()))


@pytest.fixture(scope="session")
def moderation(tmp_path_factory: pytest.TempPathFactory) -> Moderation:
    return Moderation(LibrarySources(builtin_folder()), words_alone(tmp_path_factory.mktemp("policy")))


@pytest.fixture(scope="session")
def honest_sentences() -> list[str]:
    return lines_of("honest.txt")


@pytest.fixture(scope="session")
def solicitations() -> list[tuple[str, Scope, str]]:
    # risk, scope, sentence
    rows = (line.split("\t") for line in lines_of("solicitations.tsv"))
    return [(risk, Scope(scope), text) for risk, scope, text in rows]
