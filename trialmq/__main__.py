"""``python -m trialmq`` is the command ``trialmq``."""

import sys

from trialmq.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
