"""What happens to trials and to the sweep when processes die, hang, print or return nonsense."""

import os
import select
import signal
from pathlib import Path

from tests.faults.conftest import Sweep

OBJECTIVES = "tests/faults/objectives.py"


def gone(sweep: Sweep) -> None:
    """Wait until every process of the sweep is gone (a process descriptor becomes readable)."""
    for process in sweep.living():
        try:
            descriptor = os.pidfd_open(process)
        except ProcessLookupError:
            continue
        ready, _, _ = select.select([descriptor], [], [], 20)
        os.close(descriptor)
        assert ready, f"process {process} is still there"
    assert sweep.living() == []


def test_a_sweep_that_is_killed_goes_on_with_each_number_once(sweep: Sweep) -> None:
    entry, total = f"{OBJECTIVES}:steady", 12
    process = sweep.start(entry, "--trials", str(total), "--quiet", "--pruner", "nop")
    for _ in range(7):
        sweep.await_notice()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    gone(sweep)
    finished_before = dict(sweep.rows("SELECT number, value FROM trial WHERE state = 'complete'"))
    assert 0 < len(finished_before) < total

    code, said = sweep.run(entry, "--trials", str(total), "--pruner", "nop")

    assert code == 0, said
    rows = sweep.rows("SELECT number, state, value FROM trial ORDER BY number")
    assert [row[:2] for row in rows] == [(n, "complete") for n in range(total)]
    assert finished_before.items() <= {row[0]: row[2] for row in rows}.items()
    again = [int(number) for number, attempt, *_ in sweep.true_lines("start") if int(attempt) > 1]
    assert again
    assert not set(again) & set(finished_before)
    assert sweep.rows("PRAGMA integrity_check") == [("ok",)]


def test_a_trial_that_crashes_its_process_is_tried_three_times_and_harms_no_other(
    sweep: Sweep,
) -> None:
    code, said = sweep.run(f"{OBJECTIVES}:segfaults_on_one", "--trials", "8")

    assert code == 0, said
    states = dict(sweep.rows("SELECT number, state FROM trial"))
    assert states.pop(1) == "failed"
    assert set(states.values()) == {"complete"}
    attempts = sweep.rows(
        "SELECT a.failure, a.reason, a.output, a.runner FROM attempt a JOIN trial t "
        "ON t.id = a.trial WHERE t.number = 1 ORDER BY a.number"
    )
    assert [row[0] for row in attempts] == ["crash"] * 3
    assert all("SIGSEGV" in row[1] and "about to crash" in row[2] for row in attempts)
    assert attempts[0][3] != attempts[1][3], "the retry should go to the other runner"


def test_an_attempt_that_is_killed_is_run_again(sweep: Sweep) -> None:
    code, said = sweep.run(f"{OBJECTIVES}:killed_once", "--trials", "6")

    assert code == 0, said
    rows = sweep.rows("SELECT number, state, attempt, reports FROM trial ORDER BY number")
    assert rows == [(n, "complete", 2 if n == 2 else 1, 1) for n in range(6)]


def test_a_trial_that_hangs_is_killed_with_all_it_started(sweep: Sweep) -> None:
    code, said = sweep.run(f"{OBJECTIVES}:hangs_on_one", "--trials", "4", "--trial-timeout", "1")

    assert code == 0, said
    rows = sweep.rows("SELECT number, state, failure FROM trial ORDER BY number")
    assert rows[0] == (0, "failed", "timeout")
    assert {row[1] for row in rows[1:]} == {"complete"}
    assert sweep.true_lines("grandchild")
    gone(sweep)


def test_whatever_an_objective_returns_or_raises_is_a_failure_with_a_reason(sweep: Sweep) -> None:
    code, said = sweep.run(f"{OBJECTIVES}:exits", "--trials", "7")

    assert code == 0, said
    rows = {
        number: (state, failure, reason)
        for number, state, failure, reason in sweep.rows(
            "SELECT number, state, failure, reason FROM trial"
        )
    }
    assert rows[0] == rows[6] == ("complete", None, "")
    assert rows[1] == ("failed", "exception", "SystemExit: enough")
    assert rows[2] == ("failed", "exception", "KeyboardInterrupt")
    assert rows[3][1] == "bad result"
    assert "should return {'score': …}" in rows[3][2]
    assert rows[4][1] == "bad result"
    assert "no metric 'score'; it has other" in rows[4][2]
    assert rows[5][1] == "not a number"


def test_output_is_kept_to_its_end_and_bounded(sweep: Sweep) -> None:
    code, said = sweep.run(f"{OBJECTIVES}:prints_much", "--trials", "2")

    assert code == 0, said
    for (output,) in sweep.rows("SELECT output FROM attempt"):
        assert output.endswith("the last line\n")
        assert len(output) < 70_000


def test_a_warm_process_runs_trial_after_trial_and_an_isolated_one_only_one(sweep: Sweep) -> None:
    entry = f"{OBJECTIVES}:tells_its_process"
    processes = "SELECT count(DISTINCT json_extract(metrics, '$.process')) FROM trial"

    assert sweep.run(entry, "--trials", "10")[0] == 0
    assert sweep.rows(processes) == [(2,)]
    sweep.database.unlink()
    assert sweep.run(entry, "--trials", "10", "--isolate")[0] == 0
    assert sweep.rows(processes) == [(10,)]


def test_a_trial_that_is_not_worth_it_is_pruned_while_it_runs(sweep: Sweep) -> None:
    code, said = sweep.run(
        f"{OBJECTIVES}:worse_and_worse", "--trials", "12", "--aggressiveness", "aggressive"
    )

    assert code == 0, said
    pruned = sweep.rows("SELECT last_step, reason, value FROM trial WHERE state = 'pruned'")
    assert pruned
    for last_step, reason, value in pruned:
        assert last_step < 199
        assert "is not among the best 1 in 5" in reason
        assert value is not None


def test_running_out_of_memory_is_its_own_kind_of_failure(sweep: Sweep) -> None:
    code, said = sweep.run(f"{OBJECTIVES}:out_of_memory", "--trials", "4")

    assert code == 0, said
    attempts = sweep.rows(
        "SELECT a.failure FROM attempt a JOIN trial t ON t.id = a.trial WHERE t.number = 1"
    )
    assert attempts == [("out of memory",)] * 2


def test_an_objective_that_must_not_be_forked_runs_in_processes_of_its_own(sweep: Sweep) -> None:
    code, said = sweep.run("tests/faults/threaded_objective.py:train", "--trials", "4")

    assert code == 0, said
    assert sweep.rows("SELECT DISTINCT state FROM trial") == [("complete",)]


def test_no_process_outlives_its_sweep(sweep: Sweep) -> None:
    process = sweep.start(f"{OBJECTIVES}:steady", "--trials", "100", "--quiet")
    for _ in range(4):
        sweep.await_notice()
    assert len(sweep.living()) >= 4, "the command, the fork server and two slots"
    process.kill()  # the command alone: nobody tells the others
    process.wait()
    gone(sweep)


def test_a_fork_server_that_dies_is_replaced_and_costs_only_what_it_ran(sweep: Sweep) -> None:
    process = sweep.start(f"{OBJECTIVES}:steady", "--trials", "8", "--quiet", "--pruner", "nop")
    words = sweep.await_notice()
    stat = Path(f"/proc/{words[2]}/stat").read_text()
    fork_server = int(stat.rpartition(")")[2].split()[1])
    os.kill(fork_server, signal.SIGKILL)
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 0, said
    assert sweep.rows("SELECT state, count(*) FROM trial GROUP BY state") == [("complete", 8)]
    assert sweep.rows("SELECT count(*) FROM attempt WHERE failure = 'crash'")[0][0] >= 1
    gone(sweep)


def test_a_disk_that_is_full_stops_the_sweep_and_what_was_stored_is_intact(sweep: Sweep) -> None:
    entry = f"{OBJECTIVES}:tells_its_process"
    process = sweep.start(entry, "--trials", "5000", "--quiet", file_bytes=600_000)
    said, _ = process.communicate(timeout=90)

    assert process.returncode == 2, said
    assert "what was stored is intact" in said
    assert "Traceback" not in said
    gone(sweep)
    stored = sweep.rows("SELECT count(*) FROM trial WHERE state = 'complete'")[0][0]
    assert 0 < stored < 5000
    assert sweep.rows("PRAGMA integrity_check") == [("ok",)]

    total = sweep.rows("SELECT count(*) FROM trial")[0][0] + 20
    code, said = sweep.run(entry, "--trials", str(total))
    assert code == 0, said
    assert sweep.rows("SELECT count(*), count(DISTINCT number) FROM trial")[0] == (total, total)
