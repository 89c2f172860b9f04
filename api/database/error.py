"""What a caller is told when the database does not answer, or not as it was asked."""

import re
from collections.abc import Sequence
from traceback import walk_tb

import asyncpg

from api.database.monitor import Monitor
from api.database.pool import NoConnectionFree
from api.log import log


class Unavailable(Exception):
    """The database did not answer. The same statement may succeed later."""

    code = "UNAVAILABLE"
    message = "The database does not answer; try again."


class TimedOut(Unavailable):
    """The statement took longer than it may."""

    code = "TIMEOUT"
    message = "Reading took longer than the limit; ask for less, with a narrower filter or smaller pages."


class Overloaded(Unavailable):
    """No connection became free in time."""

    code = "OVERLOADED"
    message = "All connections to the database are in use; try again."


class Contended(Unavailable):
    """A lock was not released in time."""

    code = "OVERLOADED"
    message = "Others have been changing the same thing for too long; try again."


class InvalidValue(Exception):
    """The database cannot represent a value, for instance a date beyond its range."""


class TooLarge(Exception):
    """The value of a statement is larger than was asked for; it did not leave the database."""


class Errors:
    """Raises driver errors as `Unavailable` or `InvalidValue` where one of them fits.

    A loss of the database is logged once, and so is its return.
    """

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def __enter__(self) -> None:
        if self._monitor.is_down:
            raise Unavailable

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if error is None:
            if self._monitor.is_lost:
                self._monitor.note_return()
            return
        if is_out_of_range(error):
            raise InvalidValue from error
        for driver_errors, ours in RAISED:
            if isinstance(error, driver_errors):
                raise ours from error
        if isinstance(error, CONNECTION_LOST_ERRORS) or is_connection_gone(error) or is_of_the_network(error):
            self._suspect(error)
            raise (Overloaded if isinstance(error, NoConnectionFree) else Unavailable) from error

    def _suspect(self, error: BaseException) -> None:
        if isinstance(error, asyncpg.TooManyConnectionsError):
            log.warning("too many connections to the database")
        elif not isinstance(error, TimeoutError):
            self._monitor.note_loss(error)
        self._monitor.suspect()


# What a value alone can be guilty of; other data errors, as a division by zero, are mistakes of the program.
INVALID_VALUE_ERRORS = (
    asyncpg.NumericValueOutOfRangeError,
    asyncpg.DatetimeFieldOverflowError,
    asyncpg.IntervalFieldOverflowError,
    asyncpg.InvalidDatetimeFormatError,
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
)

# The errors of the driver, and what is raised in their place.
RAISED: Sequence[tuple[type[Exception] | tuple[type[Exception], ...], type[Exception]]] = (
    (INVALID_VALUE_ERRORS, InvalidValue),
    (asyncpg.QueryCanceledError, TimedOut),
    (asyncpg.LockNotAvailableError, Contended),
)

# What asyncpg says of a connection that is gone; its other InterfaceErrors are mistakes of the program.
CONNECTION_GONE = re.compile(
    r"connection (is|was|has been) (closed|released)|pool is clos(ed|ing)|closed in the middle"
)


def is_out_of_range(error: BaseException | None) -> bool:
    """Whether asyncpg itself refused a value, as an integer of more than 32 bits."""
    return isinstance(error, asyncpg.DataError) and error.sqlstate == "22000" and "out of" in str(error)


def is_connection_gone(error: BaseException | None) -> bool:
    return isinstance(error, asyncpg.InterfaceError) and CONNECTION_GONE.search(str(error)) is not None


# After which it is to be seen whether the database answers at all. Not so a statement that took too long on the server.
CONNECTION_LOST_ERRORS = (
    asyncpg.PostgresConnectionError,
    NoConnectionFree,
    asyncpg.OperatorInterventionError,
    asyncpg.InternalClientError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.TooManyConnectionsError,
)


def is_of_the_network(error: BaseException | None) -> bool:
    """Whether the driver met it. A file that cannot be read, or another wait that was too long, is none of the database."""
    return isinstance(error, OSError) and any(
        frame.f_globals.get("__name__", "").startswith("asyncpg.") for frame, _line in walk_tb(error.__traceback__)
    )
