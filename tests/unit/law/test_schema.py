import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from guiju.law import schema
from guiju.law.schema import schema_text, schemas

DATA = Path(schema.__file__).parent / "data"
FILES = {
    "instruments.schema.json": ["instruments.yaml"],
    "provisions.schema.json": [f"measures/{path.name}" for path in sorted((DATA / "measures").glob("*.yaml"))],
    "parameters.schema.json": [f"parameters/{path.name}" for path in sorted((DATA / "parameters").glob("*.yaml"))],
    "risks.schema.json": ["risks.yaml"],
    "facts.schema.json": ["facts.yaml"],
}


class _Words(yaml.CSafeLoader):
    """Reads days as the text they are, as a JSON Schema sees them."""


def _as_text(_: _Words, node: yaml.ScalarNode) -> str:
    return str(node.value)


_Words.add_constructor("tag:yaml.org,2002:timestamp", _as_text)


def test_the_schemas_that_are_checked_in_are_the_ones_that_the_models_make() -> None:
    made = schemas()
    assert sorted(path.name for path in (DATA / "schema").iterdir()) == sorted(made)
    for name, content in made.items():
        assert (DATA / "schema" / name).read_text(encoding="utf-8") == schema_text(content), (
            f"{name} is out of date: run python -m guiju.law.schema"
        )


@pytest.mark.parametrize("name", list(FILES))
def test_every_data_file_fits_its_schema(name: str) -> None:
    validator = Draft202012Validator(schemas()[name])
    Draft202012Validator.check_schema(schemas()[name])
    assert FILES[name]
    for file in FILES[name]:
        content = yaml.load((DATA / file).read_bytes(), Loader=_Words)  # noqa: S506 - a safe loader that leaves days as text
        errors = [f"{file}: {error.json_path} {error.message}" for error in validator.iter_errors(content)]
        assert errors == []


def test_the_schema_refuses_what_the_loader_refuses() -> None:
    validator = Draft202012Validator(json.loads(schema_text(schemas()["provisions.schema.json"])))
    good = yaml.load((DATA / "measures" / "art-09.yaml").read_bytes(), Loader=_Words)  # noqa: S506 - as above
    assert validator.is_valid(good)
    for key, value in [("kind", "clause"), ("colour", "red"), ("is_assessable", "yes"), ("obligations", [{"id": "x"}])]:
        assert not validator.is_valid([{**good[0], key: value}]), key
    obligation = next(item for node in good for item in node.get("obligations", []) if item["applies_when"])
    for predicate in [{"nor": []}, {"all": []}, {"fact": "x"}, {"fact": "x", "eq": 1, "gte": 2}]:
        broken = {**good[1], "obligations": [{**obligation, "applies_when": predicate}]}
        assert not validator.is_valid([broken]), predicate


def test_every_data_file_is_short_enough_to_read() -> None:
    for path in DATA.rglob("*.yaml"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path.name
