"""How columns found answer to columns declared."""

from __future__ import annotations

import pytest

from profilectl.landing.contract import Contract, Entity, match_columns, missing_column_detail

ENTITY = Entity("shop", "sales", ("basket_id", "amount", "store"), frozenset({"basket_id"}))


def test_rows_become_entities_in_column_order() -> None:
    contract = Contract.from_rows(
        [("s", "e", "b", 2, False), ("s", "e", "a", 1, True), ("t", "f", "x", 1, False)]
    )
    assert contract.entities["s", "e"] == Entity("s", "e", ("a", "b"), frozenset({"a"}))
    assert contract.sources == {"s", "t"}
    assert contract.entities["t", "f"].table == "t__f"


@pytest.mark.parametrize("name", ["basket_id", " Basket_ID ", "\ufeffbasket_id", "BASKET_ID\t"])
def test_case_blanks_and_byte_order_marks_do_not_matter(name: str) -> None:
    match = match_columns(["store", name], ENTITY)
    assert match.positions == {"basket_id": 1, "store": 0}
    assert match.missing == ("amount",)
    assert match.extras == ()


def test_an_exact_name_wins_and_the_other_is_an_extra() -> None:
    match = match_columns(["Basket_Id", "basket_id", "amount", "amount", "", "colour"], ENTITY)
    assert match.positions == {"basket_id": 1, "amount": 2}
    assert match.extras == (("Basket_Id", 0), ("amount#4", 3), ("column_5", 4), ("colour", 5))


def test_a_similar_name_is_offered_as_a_renaming() -> None:
    detail = missing_column_detail(ENTITY, ["basket_id"], ["basketid", "colour"])
    assert detail == "missing required column: basket_id (found 'basketid': renamed?)"


def test_optional_columns_may_be_missing_but_not_all_columns() -> None:
    assert missing_column_detail(ENTITY, ["amount", "store"], []) is None
    assert "none of the declared columns" in str(missing_column_detail(ENTITY, list(ENTITY.columns), ["x"]))
