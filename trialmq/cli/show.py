from trialmq.cli.options import Common


def show(*, common: Common = Common()) -> int:
    """TODO."""
    return 0
