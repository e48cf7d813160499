"""JSON Schemas of the law's data files, made from the models, so that an editor can check what a person writes.

`python -m guiju.law.schema` writes them to the package's data folder; a test holds them to the models.
"""

import dataclasses
import json
import types
import typing
from datetime import date
from pathlib import Path
from types import MappingProxyType

from guiju.law.models import (
    ClauseMapping,
    Deadline,
    EvidenceNeed,
    Fact,
    FactValue,
    Instrument,
    Obligation,
    Parameter,
    PenaltyReference,
    Provision,
    Risk,
)
from guiju.law.vocabulary import WORDS

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REAL = (Provision, Obligation, Deadline, EvidenceNeed, PenaltyReference, ClauseMapping)
_FACT_VALUE = MappingProxyType(
    {
        "oneOf": [
            {"type": "boolean"},
            {"type": "integer"},
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}},
        ]
    }
)
_PREDICATE = MappingProxyType(
    {
        "oneOf": [
            *(
                {
                    "type": "object",
                    "properties": {word: {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Predicate"}}},
                    "required": [word],
                    "additionalProperties": False,
                }
                for word in ("all", "any")
            ),
            {
                "type": "object",
                "properties": {"not": {"$ref": "#/$defs/Predicate"}},
                "required": ["not"],
                "additionalProperties": False,
            },
            {
                "type": "object",
                "properties": {
                    "fact": {"type": "string"},
                    **{word: dict(_FACT_VALUE) for word in WORDS["Compare", "operator"]},
                },
                "required": ["fact"],
                "minProperties": 2,
                "maxProperties": 2,
                "additionalProperties": False,
            },
        ]
    }
)

Schema: typing.TypeAlias = dict[str, object]


def schemas() -> dict[str, Schema]:
    """Return the schema of each kind of file, by the name of the schema's own file."""
    return {
        "instruments.schema.json": _file_schema("instruments.yaml", Instrument),
        "provisions.schema.json": _file_schema("measures/*.yaml", *_REAL),
        "parameters.schema.json": _file_schema("parameters/*.yaml", Parameter),
        "risks.schema.json": _file_schema("risks.yaml", Risk),
        "facts.schema.json": _file_schema("facts.yaml", Fact),
    }


def schema_text(schema: Schema) -> str:
    """Write a schema as it stands in its file."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _file_schema(title: str, *models: type) -> Schema:
    definitions: Schema = {model.__name__: _model_schema(model) for model in models}
    if Obligation in models:
        definitions["Predicate"] = dict(_PREDICATE)
    return {
        "$schema": _DIALECT,
        "title": title,
        "type": "array",
        "items": {"$ref": f"#/$defs/{models[0].__name__}"},
        "$defs": definitions,
    }


def _model_schema(model: type) -> Schema:
    hints = typing.get_type_hints(model)
    properties: Schema = {}
    required: list[str] = []
    for item in dataclasses.fields(model):
        if model is Obligation and item.name == "provision_id":
            continue  # an obligation stands inside its provision
        schema = _type_schema(hints[item.name])
        words = WORDS.get((model.__name__, item.name))
        properties[item.name] = schema if words is None else {"enum": list(words)}
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            required.append(item.name)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _type_schema(hint: object) -> Schema:
    if hint == FactValue:
        return dict(_FACT_VALUE)
    if isinstance(hint, types.UnionType):
        kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
        inner = _type_schema(kinds[0]) if len(kinds) == 1 else {"$ref": "#/$defs/Predicate"}
        return {"anyOf": [inner, {"type": "null"}]}
    if typing.get_origin(hint) is tuple:
        return {"type": "array", "items": _type_schema(typing.get_args(hint)[0])}
    if hint is date:
        return {"type": "string", "format": "date"}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return {"$ref": f"#/$defs/{hint.__name__}"}
    names: dict[object, str] = {str: "string", int: "integer", bool: "boolean"}
    return {"type": names[hint]}


def write_schemas(folder: Path) -> None:
    """Write every schema into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(schema_text(schema), encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(__file__).parent / "data" / "schema")
