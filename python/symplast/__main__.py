"""Entry point of the command `symplast` and of `python -m symplast`."""

import sys

from symplast.commands import main

if __name__ == "__main__":
    sys.exit(main())
