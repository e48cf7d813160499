import hashlib
import json
import zlib
from pathlib import Path

import pytest

from guiju.moderation.evasion import table as evasion_table
from guiju.text import table as table_module
from guiju.text.views.score import shipped_score
from guiju.text.views.syllables import fuzzy_class, readings_of_run
from guiju.text.views.tables import load_glosses, load_parts, load_readings, load_shapes

FOLDERS = (Path(table_module.__file__).parent / "data", Path(evasion_table.__file__).parent / "data")
ALLOWED = {"MIT", "Apache-2.0", "Unicode-3.0", "OFL-1.1", "public domain", "MIT, CLDR data Unicode-3.0"}
CHAIZI = "Apache-2.0, data CC-BY-3.0"
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("folder", FOLDERS, ids=["text", "evasion"])
def test_every_table_is_the_one_its_provenance_names_from_sources_that_may_be_shipped(folder: Path) -> None:
    provenance = json.loads((folder / "views.provenance.json").read_text(encoding="utf-8"))
    shipped = {path.name for path in folder.glob("*.table")} - {"base.table"}
    assert shipped == set(provenance)
    for name, entry in provenance.items():
        content = zlib.decompress((folder / name).read_bytes())
        assert hashlib.sha256(content).hexdigest() == entry["sha256_uncompressed"]
        assert (ROOT / entry["made_by"]).is_file()
        licences = {source["licence"] for source in entry["sources"]}
        assert licences <= {*ALLOWED, CHAIZI}
        if CHAIZI in licences:
            assert "kfcd/chaizi" in (ROOT / "NOTICE").read_text(encoding="utf-8")


def test_all_tables_together_stay_small() -> None:
    assert sum(path.stat().st_size for folder in FOLDERS for path in folder.glob("*.table")) < 6_000_000


def test_the_tables_say_what_a_reader_would() -> None:
    readings = load_readings()
    assert [readings.syllables[one] for one in readings.of("行")][:2] == ["xing", "hang"]
    assert readings.of("A") == ()
    assert load_parts().parts["好"] == "女子"
    assert load_parts().inner["伱"] == "你"
    assert load_shapes()["末"] == load_shapes().get("未", "未")
    assert load_glosses()["🐎"][0] == "马"


@pytest.mark.parametrize(
    ("run", "ways"),
    [
        ("heiren", {("hei", "ren")}),
        ("nvren", {("nv", "ren")}),
        ("fangan", {("fang", "an"), ("fan", "gan")}),
        ("xian", {("xian",), ("xi", "an")}),
        ("hello", set()),
        ("a", set()),
        ("ha" * 40, set()),
    ],
)
def test_only_whole_runs_of_syllables_are_pinyin(run: str, ways: set[tuple[str, ...]]) -> None:
    assert set(readings_of_run(run)) == ways


def test_sounds_that_speakers_confuse_are_one_class() -> None:
    for one, other in (("zhang", "zan"), ("chi", "ci"), ("nv", "lu"), ("ling", "nin"), ("shuang", "suan")):
        assert fuzzy_class(one) == fuzzy_class(other)
    assert fuzzy_class("ma") != fuzzy_class("mai")


def test_a_word_reads_better_than_what_merely_sounds_like_it() -> None:
    gain = shipped_score().gain
    assert gain("朋友", "彭有", before="好", after="来") > 0
    assert gain("彭有", "朋友", before="好", after="来") < 0
    assert gain("朋友", "朋友", before="", after="") == 0
