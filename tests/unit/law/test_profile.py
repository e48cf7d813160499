from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.kit.errors import ConfigurationError, StorageError
from guiju.law.loader import load_facts
from guiju.law.models import Fact, FactValue, Profile
from guiju.law.profile import MAX_PROFILE_BYTES, load_profile, read_profile, save_profile, write_profile

FACTS = (
    Fact("public", "公众？", "Public?", "bool"),
    Fact("users", "多少？", "How many?", "int"),
    Fact("modalities", "模态？", "Which?", "choices", ("text", "image", "no"), choices_zh=("文本", "图片", "无")),
    Fact("size", "规模？", "Size?", "choice", ("small", "large")),
    Fact("number", "备案号？", "Number?", "text"),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
VALUES: dict[str, st.SearchStrategy[FactValue]] = {
    "bool": st.booleans(),
    "int": st.integers(0, 10**12),
    "choices": st.lists(st.sampled_from(["text", "image", "no"]), unique=True).map(tuple),
    "choice": st.sampled_from(["small", "large"]),
    "text": TEXTS,
}
DECLARED = st.fixed_dictionaries({}, optional={fact.id: VALUES[fact.kind] for fact in FACTS})
PROFILES = st.builds(Profile, DECLARED, TEXTS, st.none() | st.dates())


@given(PROFILES)
def test_what_is_written_is_read_again(profile: Profile) -> None:
    assert read_profile(write_profile(profile, FACTS), FACTS, "profile.yaml") == profile


@given(st.binary(max_size=200) | st.text(alphabet='facts: publ#{}[],"\n-te123', max_size=60).map(str.encode))
def test_any_bytes_are_a_profile_or_a_configuration_error(content: bytes) -> None:
    try:
        profile = read_profile(content, FACTS, "profile.yaml")
    except ConfigurationError:
        return
    assert set(profile.facts) <= {fact.id for fact in FACTS}


def test_a_missing_file_declares_nothing(tmp_path: Path) -> None:
    assert load_profile(tmp_path / "profile.yaml") == Profile()


def test_the_written_file_asks_every_question_in_both_languages_and_leaves_the_unknown_open(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    save_profile(path, Profile({"serves_public_in_mainland": True}, "张三", date(2026, 11, 23)))
    text = path.read_text(encoding="utf-8")
    for fact in load_facts():
        assert f"# {fact.question}\n" in text
        assert f"# {fact.question_en}\n" in text
    assert "\n  serves_public_in_mainland: true\n" in text
    assert "\n  registers_users:\n" in text
    assert load_profile(path) == Profile({"serves_public_in_mainland": True}, "张三", date(2026, 11, 23))


def test_a_person_may_fill_it_in_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    save_profile(path, Profile())
    text = path.read_text(encoding="utf-8")
    text = text.replace("  modalities:\n", "  modalities: [text, image]  # 以后再加\n").replace(
        "  registered_users:\n", "  registered_users: 1200\n"
    )
    path.write_text(text.replace("declared_by:", "declared_by: 李四"), encoding="utf-8")
    assert load_profile(path) == Profile({"modalities": ("text", "image"), "registered_users": 1200}, "李四")


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("facts:\n  publik: true\n", 2, "publik"),
        ("facts:\n  public: yes\n", 2, "public"),
        ('facts:\n  public: "true"\n', 2, "public"),
        ("facts:\n  public: 1\n", 2, "public"),
        ("facts:\n  public: [true]\n", 2, "public"),
        ("facts:\n\n  users: many\n", 3, "users"),
        ("facts:\n  users: -1\n", 2, "users"),
        ("facts:\n  users: 1.5\n", 2, "users"),
        ("facts:\n  users: 9999999999999999\n", 2, "users"),
        ("facts:\n  modalities: text\n", 2, "modalities"),
        ("facts:\n  modalities: [text, smell]\n", 2, "smell"),
        ("facts:\n  modalities: [text, text]\n", 2, "modalities"),
        ("facts:\n  size: medium\n", 2, "medium"),
        ("facts:\n  number: {a: b}\n", 2, "number"),
        (f"facts:\n  number: {'x' * 501}\n", 2, "number"),
        ("facts:\n  public: true\n  public: false\n", 3, "public"),
        ("facts: [public]\n", 1, "facts"),
        ("declared_on: yesterday\n", 1, "declared_on"),
        ("fact:\n  public: true\n", 2, "fact"),
        ("- public\n", 1, "profile.yaml"),
        ("public: &a true\n", 1, "&"),
    ],
)
def test_a_wrong_profile_is_an_error_that_names_line_and_field(content: str, line: int, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_profile(content.encode(), FACTS, "profile.yaml")
    assert f"profile.yaml:{line}" in caught.value.where
    assert said in str(caught.value)


def test_a_huge_profile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_bytes(b"#" * (MAX_PROFILE_BYTES + 1))
    with pytest.raises(ConfigurationError, match=r"profile\.yaml"):
        load_profile(path)


def test_a_profile_that_cannot_be_read_is_an_error_and_not_an_empty_profile(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="profile"):
        load_profile(tmp_path)


@pytest.mark.parametrize(
    "facts",
    [{"publik": True}, {"public": 1}, {"number": 5}, {"users": True}, {"modalities": ("smell",)}, {"number": "\ud800"}],
)
def test_a_profile_that_could_not_be_read_again_is_not_written(tmp_path: Path, facts: dict[str, FactValue]) -> None:
    path = tmp_path / "profile.yaml"
    save_profile(path, Profile({"public": True}), FACTS)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError):
        save_profile(path, Profile(facts), FACTS)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        save_profile(tmp_path / "file" / "profile.yaml", Profile(), FACTS)


@settings(max_examples=20)
@given(st.lists(st.sampled_from(load_facts()), unique_by=lambda fact: fact.id))
def test_the_real_facts_have_questions_and_names_in_both_languages(facts: list[Fact]) -> None:
    for fact in facts:
        assert fact.question
        assert fact.label
        assert fact.label_en
        assert fact.question_en.isascii()
