"""What the program says: one line per request, one with a traceback per unexpected error, and no values of requests.

Lines are JSON unless standard error is a terminal. Messages of exceptions are left out, as they may quote what somebody
sent or what is stored: the type, PostgreSQL's code and names, and the lines of code say where to look.
"""

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import structlog

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

# What PostgreSQL says of an error besides its message and detail, which may hold values.
POSTGRESQL_NAMES = ("sqlstate", "schema_name", "table_name", "column_name", "data_type_name", "constraint_name")


class BrokenOff(Exception):
    """Ends an answer before its end, on purpose: the server closes the connection. Who raises it has logged why."""


def configure() -> None:
    """Sends all lines of the program and its libraries to standard error."""
    is_terminal = sys.stderr.isatty()
    processors: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    library_renderer: Any = console_line if is_terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*processors, library_renderer] if is_terminal else [json_line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=(
            structlog.PrintLoggerFactory(sys.stderr) if is_terminal else structlog.BytesLoggerFactory(sys.stderr.buffer)
        ),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.addFilter(is_unexpected)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*processors, without_message_of_exception],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, library_renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def json_line(_logger: object, method: str, event: MutableMapping[str, Any]) -> bytes:
    """Level, time and JSON at once: structlog's three processors for it take twice the time, at every request."""
    return orjson.dumps({**event, "level": method, "timestamp": datetime.now(UTC)}, option=orjson.OPT_UTC_Z)


CONSOLE = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def console_line(logger: object, method: str, event: MutableMapping[str, Any]) -> str:
    """The traceback below the line, where people can read it."""
    if "traceback" in event:
        event["exception"] = event.pop("traceback").rstrip()
    return str(CONSOLE(logger, method, event))


def is_unexpected(record: logging.LogRecord) -> bool:
    """Whether a line of a library is not about an answer that was broken off on purpose."""
    return not (record.exc_info and isinstance(record.exc_info[1], BrokenOff))


def without_message_of_exception(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """An exception that a library logged, described as ours are."""
    raised = event.pop("exc_info", None)
    error = raised[1] if isinstance(raised, tuple) else raised
    return {**event, **describe(error)} if isinstance(error, BaseException) else event


def unexpected(error: BaseException, **context: Any) -> str:
    """Logs an error that nothing handled, and returns the id under which the line is found."""
    id_ = uuid4().hex
    log.error("unexpected error", id=id_, **context, **describe(error))
    return id_


def describe(error: BaseException) -> dict[str, Any]:
    names = {name: value for name in POSTGRESQL_NAMES if (value := getattr(error, name, None))}
    causes = [type(each).__qualname__ for each in chain(error)]
    return {"error": " from ".join(causes), **names, "traceback": frames(error)}


def chain(error: BaseException) -> list[BaseException]:
    """The error and what it was raised from."""
    found = [error]
    while (cause := found[-1].__cause__ or found[-1].__context__) is not None and cause not in found:
        found.append(cause)
    return found


def frames(error: BaseException) -> str:
    """The lines of code, the innermost last, of the error that came first."""
    first = chain(error)[-1]
    return "".join(traceback.format_tb(first.__traceback__)) or "".join(traceback.format_tb(error.__traceback__))
