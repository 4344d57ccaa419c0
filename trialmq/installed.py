"""Which TrialMQ is installed."""


def installed_version() -> str:
    """Its version, as runners and services tell it to each other."""
    import importlib.metadata

    return importlib.metadata.version("trialmq")
