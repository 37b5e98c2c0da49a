"""`python -m latentlab` is the command `latentlab`."""

import sys

from latentlab.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
