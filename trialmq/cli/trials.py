from trialmq.cli.options import Common


def trials(*, common: Common = Common()) -> int:
    """TODO."""
    return 0
