"""Addresses of calendars."""

from api.resolvers.account import report
from api.services.calendar import create
from api.services.verb import ComputedReport

assert isinstance(create.answers, ComputedReport)
SOURCES = (report(create.answers),)
