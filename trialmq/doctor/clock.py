"""The clocks: whether the wall clock is kept, and whether it jumps.

Leases are measured on the monotonic clock of one process, so a wrong wall clock costs no trial; it
makes the times that are stored and shown wrong, and TLS certificates expired or not valid yet.
"""

import shutil
import subprocess
import time

from trialmq.doctor.findings import Finding, doubtful, good, not_here

WATCH_SECONDS = 0.5
JUMP_SECONDS = 0.05
OLDEST = 1_750_000_000.0
"""June 2025: a clock before that was never set."""


def look_at_clock() -> list[Finding]:
    """Whether the wall clock runs as the monotonic one, and whether it is synchronised."""
    return [_steady(), _synchronised()]


def _steady() -> Finding:
    wall, monotonic = time.time(), time.monotonic()
    time.sleep(WATCH_SECONDS)
    jump = (time.time() - wall) - (time.monotonic() - monotonic)
    if wall < OLDEST:
        shown = time.strftime("%Y-%m-%d", time.gmtime(wall))
        return doubtful("clock", f"it says {shown}, which is past", "set the clock of this machine")
    if abs(jump) > JUMP_SECONDS:
        return doubtful(
            "clock",
            f"it jumped by {jump:.3f} s within {WATCH_SECONDS:g} s; no trial is harmed by it, but "
            "the times that are shown are",
            "have it slewed, not stepped (chrony, systemd-timesyncd)",
        )
    return good("clock", "the wall clock runs as evenly as the monotonic one")


def _synchronised() -> Finding:
    program = shutil.which("timedatectl")
    if program is None:
        return not_here("clock: network time", "timedatectl is not here, so nobody can tell")
    done = subprocess.run(
        [program, "show", "-p", "NTPSynchronized", "--value"],
        capture_output=True,
        text=True,
        timeout=3,
    )
    match done.stdout.strip():
        case "yes":
            return good("clock: network time", "synchronised")
        case "no":
            return doubtful(
                "clock: network time",
                "the clock is not synchronised with any other",
                "run: timedatectl set-ntp true",
            )
    return not_here("clock: network time", "timedatectl does not tell (no systemd here)")
