"""The command line.

Each command is a module of this package with two functions: add_to(commands) declares its arguments, and run(options) returns the
exit status.
"""

import argparse
import os
import sys

from symplast.commands import check, info


def main(arguments=None):
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(prog="symplast",
                                     description="Symplast: real data structures shared by many interpreters of one process.")
    commands = parser.add_subparsers(metavar="command", required=True)
    for command in (info, check):
        command.add_to(commands).set_defaults(run=command.run)
    options = parser.parse_args(arguments)
    try:
        status = options.run(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader of the output has gone, as in `symplast check … | head`. Without the redirection, Python would report
        # another error when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
