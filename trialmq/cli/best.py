from trialmq.cli.options import Common


def best(*, common: Common = Common()) -> int:
    """TODO."""
    return 0
