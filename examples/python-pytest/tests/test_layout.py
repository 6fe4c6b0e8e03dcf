from plaintable import Column
from plaintable.layout import alignment_of, column_widths, place, text_rows


def test_numbers_go_to_the_right():
    rows = [{"a": 1, "b": "x"}, {"a": 2.5, "b": 3}]
    assert alignment_of(Column("a"), rows) == "right"
    assert alignment_of(Column("b"), rows) == "left"
    assert alignment_of(Column("a", align="centre"), rows) == "centre"


def test_missing_keys_are_empty_cells():
    columns = [Column("a"), Column("b")]
    assert text_rows([{"a": 1}, {"b": "x"}], columns) == [["1", ""], ["", "x"]]


def test_widths_include_headings():
    columns = [Column("a", title="first"), Column("b")]
    assert column_widths([["1", "long text"], ["22", ""]], columns) == [5, 9]


def test_place():
    assert place("ab", 4, "left") == "ab  "
    assert place("ab", 4, "right") == "  ab"
    assert place("ab", 4, "centre") == " ab "
