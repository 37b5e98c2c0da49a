"""`python -m latentlab` is the command `latentlab`."""

from latentlab.cli.ending import run

if __name__ == "__main__":
    run()
