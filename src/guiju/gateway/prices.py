"""What tokens cost, as the operator's table says, and how many there were where nobody counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_OCTETS_A_TOKEN = 4  # UTF-8: some four letters of English, or one and a third characters of Chinese


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens, in the table's unit; of one token in millionths of the unit, which is the same number."""

    input: float
    output: float


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices by model; `currency` is only a name."""

    currency: str = "CNY"
    models: Mapping[str, Price] = field(default_factory=dict)

    def cost(self, model: str, tokens_in: int, tokens_out: int) -> float | None:
        """Return what an answer costs in millionths of the unit; None where the model has no price."""
        price = self.models.get(model)
        return None if price is None else tokens_in * price.input + tokens_out * price.output


def estimated_tokens(octets: int) -> int:
    """Return how many tokens a text of so many bytes may be, where nobody says; rounded up."""
    return -(-octets // _OCTETS_A_TOKEN)
