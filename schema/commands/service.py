"""Who answers."""

import msgspec


class ServiceOverview(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers: its name, version, term and database.

    ``degraded`` says why nothing can be stored at the moment, and so nothing is decided; empty when
    all is well.
    """

    orchestrator: str
    version: str
    protocol: int
    term: int
    database: str
    started: float
    degraded: str = ""


class GetService(msgspec.Struct, frozen=True, kw_only=True, tag="get service"):
    """Who are you?"""
