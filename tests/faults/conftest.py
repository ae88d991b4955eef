"""The table of faults: each test names its row and the figures it reached."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import table
from tests.table import Row


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Iterator[Row]:
    """The test's row in the table."""
    yield from table.row(request, "faults")
