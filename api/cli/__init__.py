"""The `sigap` command."""

import os
import sys
from typing import Any

import asyncpg
import typer

from api import installation
from api.cli import account, demo, document, member_file, serve, upkeep
from api.cli.command import CommandError, command
from api.database import embedded
from api.settings import SettingsError

# The modules whose commands it has.
MODULES = (serve, upkeep, demo, account, member_file, document)

# The base class of typer's errors about wrong arguments, which typer does not export.
USAGE_ERROR: Any = typer.BadParameter.__base__


def main() -> None:
    """Runs the command. An expected error is one line and exit code 1; wrong arguments are exit code 2."""
    try:
        sys.exit(command(standalone_mode=False))
    except USAGE_ERROR as error:
        # The message about a missing option lists its values in lines of their own.
        sys.stderr.write(f"{' '.join(error.format_message().split())} Try --help.\n")
        sys.exit(2)
    except (CommandError, SettingsError, embedded.EmbeddedError, *installation.REFUSALS) as error:
        sys.exit(str(error))
    except BrokenPipeError:
        # Whoever reads the output has had enough, as `head` has; what is left must not be written at the exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            sys.exit(f"{error.filename} cannot be used: {error.strerror}.")
        sys.exit(f"The database cannot be used: {next(iter(str(error).splitlines()), type(error).__name__)}")
