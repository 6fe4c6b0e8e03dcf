import pytest

from plaintable import Column, TableError, infer_columns, summarise


def test_heading_falls_back_to_the_key():
    assert Column("a").heading == "a"
    assert Column("a", title="First").heading == "First"


def test_wrong_columns_are_refused():
    with pytest.raises(TableError, match="alignment"):
        Column("a", align="middle")
    with pytest.raises(TableError, match="precision"):
        Column("a", precision=-1)


def test_infer_keeps_first_appearance():
    assert [column.key for column in infer_columns([{"b": 1}, {"a": 2, "b": 3}])] == ["b", "a"]


def test_summary_skips_text():
    rows = [{"n": 1, "t": "x"}, {"n": 4}, {"n": None}]
    assert summarise(rows, [Column("n"), Column("t")]) == {"n": {"sum": 5, "min": 1, "max": 4}}
