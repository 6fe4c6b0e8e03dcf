import pytest

from plaintable import Column, TableError, markdown, render, to_csv

COLUMNS = [Column("city"), Column("population", thousands=True), Column("area", precision=1)]
ROWS = [
    {"city": "Norwick", "population": 81250, "area": 12.25},
    {"city": "Ashby", "population": 950, "area": 3},
]


def test_render_aligns_columns():
    assert render(ROWS, COLUMNS).split("\n") == [
        "city     population  area",
        "-------  ----------  ----",
        "Norwick      81,250  12.2",
        "Ashby           950   3.0",
    ]


def test_render_infers_columns():
    assert render([{"a": 1}, {"a": 10, "b": "x"}]) == "\n".join([" a  b", "--  -", " 1", "10  x"])


def test_render_of_nothing():
    assert render([]) == ""


def test_gap_must_be_positive():
    with pytest.raises(TableError):
        render(ROWS, COLUMNS, gap=0)


def test_markdown_escapes_pipes():
    rows = [{"name": "a|b", "n": 1}]
    assert markdown(rows) == "| name | n |\n| --- | ---: |\n| a\\|b | 1 |"


def test_csv_quotes_separators():
    assert to_csv([{"name": "a,b", "n": 1}]) == 'name,n\n"a,b",1\n'
