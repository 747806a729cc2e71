"""Finished runs on disk: nothing whole is lost, nothing torn is read."""

import pandas as pd
import pytest

from experiments.runs import store as store_module
from experiments.runs.store import FULL, RunStore, append_row, key_of, rows_of_log


def row(number):
    return {"key": f"{number:032x}", "seed": number, "error": None, "criteria": {"drop": 1.5}}


def test_rows_of_a_log_are_read_and_a_torn_one_is_not(tmp_path):
    store = RunStore(tmp_path)
    for number in range(3):
        append_row(store.log, row(number))
    (path,) = store.log.glob("*.log")
    with path.open("a") as file:
        file.write('deadbeef {"key": "torn')
    assert [one["seed"] for one in rows_of_log(store.log)] == [0, 1, 2]
    assert set(store.read()) == {f"{n:032x}" for n in range(3)}


def test_a_changed_row_is_not_a_row(tmp_path):
    store = RunStore(tmp_path)
    append_row(store.log, row(1))
    (path,) = store.log.glob("*.log")
    path.write_text(path.read_text().replace("1.5", "2.5"))
    assert store.read() == {}


def test_compaction_keeps_every_run_in_files_that_others_read(tmp_path):
    store = RunStore(tmp_path)
    for number in range(230):
        append_row(store.log, row(number))
    store.compact()
    assert list(store.log.glob("*.log")) == []
    files = sorted(store.runs.glob("*.parquet"))
    assert sorted(len(pd.read_parquet(path)) for path in files) == [30, 100, 100]
    assert list(pd.read_parquet(files[0])["drop"].unique()) == [1.5]
    assert store.read() == {f"{n:032x}": row(n) for n in range(230)}
    store.compact()
    assert len(store.read()) == 230


@pytest.mark.parametrize("running", [True, False])
def test_a_log_that_its_worker_fills_while_it_is_read_is_read_next_time(
    tmp_path, monkeypatch, running
):
    store = RunStore(tmp_path)
    for number in range(3):
        append_row(store.log, row(number))
    real = store_module._whole_rows

    def filled_just_before(path):
        path.replace(path.with_name(f"{path.stem}{FULL}"))
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "_whole_rows", filled_just_before)
        store.compact(running=running)
    assert len(store.read()) == 3
    store.compact(running=running)
    assert list(store.log.glob("*.log")) == []
    assert [len(pd.read_parquet(path)) for path in store.runs.glob("*.parquet")] == [3]


def test_a_key_is_of_everything_that_is_said():
    assert key_of(seed=1, design="a") == key_of(design="a", seed=1)
    assert key_of(seed=1, design="a") != key_of(seed=2, design="a")
    assert key_of(seed=1, parameters={"x": 1}) != key_of(seed=1, parameters={"x": 2})
