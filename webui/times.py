"""Moments as people read them, on this host's clock. Pure."""

import time


def moment(seconds: float) -> str:
    """``2026-11-24 14:03:55``, of seconds since 1970."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
