from trialmq.cli.options import Common


def studies(*, common: Common = Common()) -> int:
    """TODO."""
    return 0
