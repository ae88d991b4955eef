"""The tables of faults and attacks: how rows hold their figures, and what stands at the end of a run."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from tests.table import Row, Tables


def test_a_figure_that_must_be_met_fails_at_once() -> None:
    """An exact figure fails the test that misses it, with its row and name; a measure does not."""
    row = Row("test")("bombs")
    row.is_at_most("megabytes", 40, 30)
    with pytest.raises(AssertionError, match="bombs: let through is 2, and 0 was wanted"):
        row.is_exactly("let through", 2, 0)
    assert row.missed(["at most"]) == ["megabytes: 40, wanted at most 30"]


def test_tests_of_one_row_are_added() -> None:
    """Of two tests of a row, counts are added and the most of a measure stays; a failure outweighs."""
    rows = []
    for result, kinds, megabytes in (("failed", 3, 9), ("passed", 4, 2)):
        row = Row("test", "bombs", result)
        row.did("kinds", kinds, 7)
        row.is_at_most("megabytes", megabytes, 30)
        rows.append(Row.of(asdict(row)))
    rows[0].add(rows[1])
    assert list(rows[0].lines()) == [
        "failed  bombs",
        "          kinds: 7 (wanted at least 7)",
        "          megabytes: 9 (wanted at most 30)",
    ]


def test_the_table_stands_at_the_end_of_a_run(pytestconfig: pytest.Config) -> None:
    """Rows travel with the reports of their tests; those of one attack are one row."""
    tables = Tables()
    for number, kind in enumerate(("bomb", "lie")):
        row = Row(f"test_one[{kind}]")("a body")
        row.did("kinds", 1, 2)
        report = pytest.TestReport(
            f"test_x.py::test_one[{kind}]", ("", 0, ""), {}, "passed", None, "call",
            user_properties=[("row of a table", ["attacks", asdict(row)])],
        )  # fmt: skip
        plain = pytestconfig.hook.pytest_report_to_serializable(config=pytestconfig, report=report)
        tables.pytest_runtest_logreport(
            pytestconfig.hook.pytest_report_from_serializable(config=pytestconfig, data=plain)
        )
        assert len(tables.rows("attacks")) == 1
        assert tables.rows("attacks")[0].figures[0].reached == number + 1
    assert tables.rows("faults") == []
    assert tables.rows("attacks")[0].plain()["figures"] == [
        {"name": "kinds", "reached": 2, "wanted": "at least 2", "holds": True}
    ]
