import pytest

from guiju.law.loader import LawData, load_data
from guiju.law.service import Law


@pytest.fixture(scope="session")
def data() -> LawData:
    return load_data()


@pytest.fixture(scope="session")
def law(data: LawData) -> Law:
    return Law(data)
