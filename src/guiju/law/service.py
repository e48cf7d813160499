"""The law, asked: what stands where, what it demands, whether it binds, and how to cite it, for any day."""

from collections.abc import Iterable, Mapping
from datetime import date
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import TypeVar

from guiju.kit.errors import NotFoundError
from guiju.law import rules
from guiju.law.citing import SearchText, cite_parameter, cite_provision, say_parameter
from guiju.law.loader import LawData, load_data
from guiju.law.models import Applied, Fact, Instrument, Obligation, Parameter, Profile, Provision, Risk

MEASURES = "cn/genai-measures-2023"
T = TypeVar("T")
InForce = TypeVar("InForce", Instrument, Provision, Parameter)


class Law:
    """Everything that the data folder says, indexed. It never changes once it is made."""

    def __init__(self, data: LawData) -> None:
        """Index `data`, which `load_data` has checked."""
        self._instruments = {item.id: item for item in data.instruments}
        self._provisions = {item.id: item for item in data.provisions}
        self._children: dict[str, list[Provision]] = {}
        for provision in data.provisions:
            if provision.parent is not None:
                self._children.setdefault(provision.parent, []).append(provision)
        self._obligations = {item.id: item for provision in data.provisions for item in provision.obligations}
        self._parameters: dict[str, list[Parameter]] = {}
        for parameter in data.parameters:
            self._parameters.setdefault(parameter.id, []).append(parameter)
        self._risks = {item.id: item for item in data.risks}
        self._facts = MappingProxyType({item.id: item for item in data.facts})

    def has(self, provision_or_obligation_id: str) -> bool:
        """Say whether there is such a provision or obligation, in force or not."""
        return provision_or_obligation_id in self._provisions or provision_or_obligation_id in self._obligations

    def instrument(self, instrument_id: str) -> Instrument:
        """Return the instrument.

        Raises:
            NotFoundError: there is none under this id.
        """
        return _found(self._instruments, instrument_id, zh="规范", en="instrument")

    def instruments(self, as_of: date) -> tuple[Instrument, ...]:
        """Return the instruments in force on `as_of`."""
        return _in_force(self._instruments.values(), as_of)

    def provision(self, provision_id: str) -> Provision:
        """Return the article, paragraph or item.

        Raises:
            NotFoundError: there is none under this id.
        """
        return _found(self._provisions, provision_id, zh="条款", en="provision")

    def articles(self, as_of: date) -> tuple[Provision, ...]:
        """Return the articles of the Measures in force on `as_of`, in their order."""
        return tuple(
            item
            for item in self._provisions.values()
            if item.kind == "article" and item.instrument == MEASURES and rules.in_force(item, as_of)
        )

    def children(self, provision_id: str) -> tuple[Provision, ...]:
        """Return what stands directly under a provision: an article's paragraphs, a paragraph's items.

        Raises:
            NotFoundError: there is no such provision.
        """
        self.provision(provision_id)
        return tuple(self._children.get(provision_id, ()))

    def text_of(self, provision_id: str) -> str:
        """Return the official text of a provision with all that stands under it, one paragraph or item a line.

        Raises:
            NotFoundError: there is no such provision.
        """
        provision = self.provision(provision_id)
        below = [self.text_of(child.id) for child in self.children(provision_id)]
        return "\n".join([provision.text, *below] if provision.text else below)

    def obligations(self, as_of: date) -> tuple[Obligation, ...]:
        """Return the obligations of the provisions in force on `as_of`, in the order of the law."""
        return tuple(
            obligation
            for provision in _in_force(self._provisions.values(), as_of)
            for obligation in provision.obligations
        )

    def obligation(self, obligation_id: str) -> Obligation:
        """Return the obligation.

        Raises:
            NotFoundError: there is none under this id.
        """
        return _found(self._obligations, obligation_id, zh="义务", en="obligation")

    def parameter(self, parameter_id: str, as_of: date) -> Parameter:
        """Return the version of a parameter that is in force on `as_of`.

        Raises:
            NotFoundError: there is no such parameter, or no version of it is in force on that day.
        """
        for version in _found(self._parameters, parameter_id, zh="参数", en="parameter"):
            if rules.in_force(version, as_of):
                return version
        raise NotFoundError(
            f"参数 {parameter_id} 在 {as_of} 没有有效的版本，请换一个日期。",
            f"No version of the parameter {parameter_id} is in force on {as_of}; ask for another day.",
            where=parameter_id,
        )

    def parameters(self, as_of: date, instrument: str | None = None) -> tuple[Parameter, ...]:
        """Return the parameters in force on `as_of`, of one instrument or of all."""
        found = _in_force((item for versions in self._parameters.values() for item in versions), as_of)
        return tuple(item for item in found if instrument is None or item.instrument == instrument)

    def risk(self, risk_id: str) -> Risk:
        """Return the risk.

        Raises:
            NotFoundError: there is none under this id.
        """
        return _found(self._risks, risk_id, zh="风险", en="risk")

    def risks(self) -> tuple[Risk, ...]:
        """Return the risks of GB/T 45654 Appendix A, in its order."""
        return tuple(self._risks.values())

    def facts(self) -> tuple[Fact, ...]:
        """Return the facts that a service profile may declare."""
        return tuple(self._facts.values())

    def apply(self, obligation: Obligation, profile: Profile) -> Applied:
        """Decide whether an obligation binds the service that `profile` declares, and say which facts decided."""
        return rules.apply(obligation, profile, self._facts)

    def cite(self, provision_id: str, language: str = "zh") -> str:
        """Cite a provision, or the provision of an obligation: 《生成式人工智能服务管理暂行办法》第十四条第一款.

        A paragraph is not counted where its article has only one.

        Raises:
            NotFoundError: there is no such provision.
        """
        provision = self.provision(provision_id.partition("#")[0])
        chain = [provision]
        while chain[0].parent is not None:
            chain.insert(0, self.provision(chain[0].parent))
        if len(chain) > 1 and len(self._children[chain[0].id]) == 1:
            del chain[1]
        return cite_provision(self.instrument(provision.instrument), tuple(chain), language)

    def search_texts(self, as_of: date | None = None, language: str = "zh") -> list[SearchText]:
        """Return what a reader may look up, on `as_of` or ever.

        Paragraphs and items stand word for word, parameters as sentences with their source. The
        official text is Chinese in every language; the citation and the sentences follow `language`.
        """
        texts = [
            SearchText(item.id, self.cite(item.id, language), item.text, item.effective_from)
            for item in self._provisions.values()
            if item.text and (as_of is None or rules.in_force(item, as_of))
        ]
        for versions in self._parameters.values():
            for item in versions:
                if as_of is None or rules.in_force(item, as_of):
                    instrument = self.instrument(item.instrument)
                    texts.append(
                        SearchText(
                            item.id,
                            cite_parameter(instrument, item, language),
                            say_parameter(instrument, item, language),
                            item.effective_from,
                        )
                    )
        return texts


def load_law(folder: Traversable | None = None) -> Law:
    """Load the law from its data folder, the package's own when none is given.

    Raises:
        ConfigurationError: the data is missing or not sound.
    """
    return Law(load_data(folder))


def _found(items: Mapping[str, T], key: str, *, zh: str, en: str) -> T:
    try:
        return items[key]
    except KeyError:
        raise NotFoundError(
            f"没有编号为 {key!r} 的{zh}，请核对编号。", f"There is no {en} {key!r}; check the id.", where=key
        ) from None


def _in_force(items: Iterable[InForce], on: date) -> tuple[InForce, ...]:
    return tuple(item for item in items if rules.in_force(item, on))
