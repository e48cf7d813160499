"""The closed lists of words that fields of the law's data may hold; the loader and the JSON Schema both read them."""

from types import MappingProxyType

CONFIDENCES = ("S1", "S1-draft", "S2", "S2-single", "M-high", "M")

WORDS = MappingProxyType(
    {
        ("Instrument", "binding"): ("statute", "regulation", "mandatory_standard", "recommended_standard", "guide"),
        ("Instrument", "confidence"): CONFIDENCES,
        ("Provision", "kind"): ("article", "paragraph", "item"),
        ("Provision", "addressee"): (
            "provider",
            "user",
            "provider_and_user",
            "authority",
            "assessor",
            "state",
            "everyone",
        ),
        ("Deadline", "unit"): ("working_day", "day", "hour", "minute", "immediate", "promptly"),
        ("ClauseMapping", "relation"): ("details", "tests", "defines", "penalises", "repeats"),
        ("Compare", "operator"): ("eq", "in", "contains", "gte"),
        ("Parameter", "operator"): (">=", "<=", ">", "<", "==", "in"),
        ("Parameter", "modality"): ("shall", "should"),
        ("Parameter", "confidence"): CONFIDENCES,
        ("Fact", "kind"): ("bool", "int", "text", "choice", "choices"),
    }
)

PREDICATE_OPERATORS = MappingProxyType(
    {
        "bool": frozenset({"eq"}),
        "int": frozenset({"eq", "gte"}),
        "text": frozenset({"eq", "in"}),
        "choice": frozenset({"eq", "in"}),
        "choices": frozenset({"contains"}),
    }
)
