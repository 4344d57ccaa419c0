"""A part of the fault matrix in each test run; `make chaos` runs all of it."""

from pathlib import Path

import pytest

from tests.chaos.matrix import Case, cases
from tests.chaos.running import run_case
from tests.rabbitmq_node import RabbitMQNode

pytestmark = pytest.mark.timeout(300)

ROWS = {"2", "6", "20", "28", "39", "42", "56.2", "57"}
SEED = 7


@pytest.mark.parametrize(
    "case", [row for row in cases() if row.number in ROWS], ids=lambda case: case.title
)
async def test_nothing_is_lost_or_counted_twice(
    case: Case, rabbitmq: RabbitMQNode, tmp_path: Path
) -> None:
    findings = await run_case(case, tmp_path, rabbitmq, seed=SEED, quick=True, timed=False)
    if findings.skipped:
        pytest.skip(findings.skipped)  # what this machine lacks, in words
    assert findings.violations == []
    assert (findings.lost, findings.unexpected, findings.duplicated) == (0, 0, 0)
    assert findings.injections
