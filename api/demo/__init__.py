"""The demo story: people who do not exist, in places that do, on the day before they are needed."""

from api.demo.account import LOGINS
from api.demo.story import DemoError, Story, is_empty, load

__all__ = ["LOGINS", "DemoError", "Story", "is_empty", "load"]
