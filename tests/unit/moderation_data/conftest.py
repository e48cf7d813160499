"""The library and the policy as they are shipped, read once, and our own sentences."""

import re
from pathlib import Path

import pytest

from guiju.moderation.library import Library, LibrarySources, load_library
from guiju.moderation.models import Scope
from guiju.moderation.service import Moderation, builtin_folder, builtin_policy

HERE = Path(__file__).parent


def lines_of(name: str) -> list[str]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


@pytest.fixture(scope="session")
def library() -> Library:
    return load_library(LibrarySources(builtin_folder()))


@pytest.fixture(scope="session")
def moderation(tmp_path_factory: pytest.TempPathFactory) -> Moderation:
    # What words decide is tried here; the classifier has its own tests, and on a busy machine it overruns its budget.
    policy = tmp_path_factory.mktemp("policy") / "policy.yaml"
    shipped = builtin_policy().read_text("utf-8")
    policy.write_text(re.sub("(?m)^  classifier: .*$", '  classifier: {enabled: "false"}', shipped), "utf-8")
    return Moderation(LibrarySources(builtin_folder()), policy)


@pytest.fixture(scope="session")
def honest_sentences() -> list[str]:
    return lines_of("honest.txt")


@pytest.fixture(scope="session")
def solicitations() -> list[tuple[str, Scope, str]]:
    # risk, scope, sentence
    rows = (line.split("\t") for line in lines_of("solicitations.tsv"))
    return [(risk, Scope(scope), text) for risk, scope, text in rows]
