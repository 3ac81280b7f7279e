"""Addresses of databases: read, their passwords hidden, and what lacks told."""

import pytest

from sopkit import PlanError
from sopkit.databases import address, hide


@pytest.mark.parametrize(
    "url, told",
    [
        ("nonsense://ada:secret@here", "Can't load plugin"),
        ("oracle+oracledb://ada:secret@here", "No module named"),
        ("postgresql://ada:secret@here:port/x", "give a path or a database URL"),
        ("", "with --data"),
    ],
)
def test_what_is_no_address_is_a_sentence_without_its_password(url, told):
    with pytest.raises(PlanError, match=told) as caught:
        address("data", url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text, told",
    [
        ("postgresql://ada:se/c r@et@here/x?password=secret", "postgresql://here/x"),
        ("{'url': 'sqlite:///a.db?key=secret'}", "{'url': 'sqlite:///a.db"),
        ("my?folder", "my?folder"),
    ],
)
def test_what_people_read_holds_no_password(text, told):
    assert hide(text) == told
