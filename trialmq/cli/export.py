from trialmq.cli.options import Common


def export(*, common: Common = Common()) -> int:
    """TODO."""
    return 0
