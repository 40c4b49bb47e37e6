"""Elements of a damaged array, one per line."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilectl.landing import json_array
from profilectl.landing.json_array import split_array

values = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(st.sampled_from('ab"\\[]{},:\n\té'), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def split(content: bytes) -> tuple[list[str], bool]:
    target = io.BytesIO()
    closed = split_array(io.BytesIO(content), target)
    return [line for line in target.getvalue().decode().split("\n") if line], closed


@given(st.lists(values, max_size=6), st.sampled_from([None, 1, 2]), st.booleans())
def test_a_sound_array_is_split_into_its_elements(
    made: list[object], indent: int | None, ascii_only: bool
) -> None:
    lines, closed = split(json.dumps(made, indent=indent, ensure_ascii=ascii_only).encode())
    assert closed
    assert [json.loads(line) for line in lines] == made


@given(st.lists(values, max_size=6), st.integers(1, 5))
def test_where_the_content_is_cut_for_reading_does_not_matter(made: list[object], size: int) -> None:
    content = json.dumps(made).encode()
    whole = split(content)
    piece = json_array._PIECE
    json_array._PIECE = size
    try:
        assert split(content) == whole
    finally:
        json_array._PIECE = piece


@pytest.mark.parametrize(
    ("content", "lines", "closed"),
    [
        (b'[{"a":1},{"b', ['{"a":1}', '{"b'], False),
        (b'[{"a":1},{"b":2}', ['{"a":1}', '{"b":2}'], False),
        (b'[\n{"a":"x},\n{"b":2}\n]', ['{"a":"x},', '{"b":2}'], True),
        (b'[\n  {"a":{"c":1},\n  {"b":2}\n]', ['{"a":{"c":1},', '{"b":2}'], True),
        (b'[{"a":1}] tail', ['{"a":1}', "tail"], True),
        (b'[{"a":1}]\n[{"b":2}]', ['{"a":1}', '{"b":2}'], True),
        (b"[]", [], True),
    ],
    ids=["cut", "cut between", "open string", "open bracket", "tail", "two arrays", "empty"],
)
def test_damage_costs_one_element(content: bytes, lines: list[str], closed: bool) -> None:
    assert split(content) == (lines, closed)
