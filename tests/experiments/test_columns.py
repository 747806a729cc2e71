"""Rows by columns are the rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lob
from experiments.metrics.columns import Columns


def rows(count):
    made = np.zeros(count, lob.ENTRY)
    made["kind"], made["amount"] = np.arange(count) % 7, np.arange(count) * 10
    made["debit"] = 3 * np.arange(count)
    return made


@given(st.lists(st.lists(st.integers(0, 10**6), max_size=30), max_size=4), st.data())
def test_rows_of_rows_are_the_same_as_of_an_array(choices, data):
    array, columns = rows(40), Columns(rows(40))
    for choice in choices:
        if data.draw(st.booleans()):
            which = np.array([i % len(array) for i in choice if len(array)], np.int64)
        else:
            which = np.zeros(len(array), np.bool_)
            which[[i % len(array) for i in choice if len(array)]] = True
        array, columns = array[which], columns[which]
        assert len(columns) == len(array)
        for name in ("kind", "amount", "debit"):
            np.testing.assert_array_equal(columns[name], array[name])
            assert columns[name].dtype == array[name].dtype


def test_a_column_that_is_not_there_is_refused():
    with pytest.raises((KeyError, ValueError), match="colour"):
        Columns(rows(3))["colour"]


def test_columns_lie_by_themselves():
    assert Columns(rows(3))["amount"].flags.c_contiguous
