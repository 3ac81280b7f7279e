"""The reference tells every table and column, once, in Markdown that keeps its columns."""

import re

import pytest

from sopkit.tables import INPUTS, LEDGER, PLANS, SETTINGS
from sopkit.tables.declare import Table, text
from sopkit.tables.reference import reference


def rows(markdown):
    return [line for line in markdown.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("tables", [INPUTS, PLANS, LEDGER])
def test_every_column_of_every_table_is_told(tables):
    sections = re.split(r"^### ", reference(tables.values()), flags=re.M)[1:]
    assert [section.split("\n")[0] for section in sections] == [f"`{name}`" for name in tables]
    for section, table in zip(sections, tables.values(), strict=True):
        assert [re.search("`(.+?)`", row)[1] for row in rows(section)[2:]] == table.names
        assert all(f"**`{name}`**" in section for name in table.required)
        assert all(column.doc.replace("|", "\\|") in section for column in table.columns)


def test_the_inputs_come_with_the_settings():
    settings = reference().split("### `settings.toml`")[1]
    assert all(f"`{name}`" in settings or f"`[{name}]`" in settings for name in SETTINGS)
    assert (
        "| `horizon` | 24 | between 1 and 600 |" in settings
        and "| `sum_duplicates` | false |" in settings
    )


def test_every_line_of_a_table_has_as_many_cells_as_its_head():
    for section in reference().split("### ")[1:]:
        assert len({row.replace("\\|", "").count("|") for row in rows(section)}) == 1


def test_a_bar_in_a_text_does_not_cut_the_row():
    table = Table("t", "input", "A table", ("a",), (text("a", "this | that"),))
    assert "this \\| that" in reference([table])
