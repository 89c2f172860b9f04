"""Demo data: invented people in real places, on the day before a flood needs volunteers."""

from api.demo.account import LOGINS, set_password
from api.demo.story import DemoError, Story, is_empty, is_loaded, load

__all__ = ["LOGINS", "DemoError", "Story", "is_empty", "is_loaded", "load", "set_password"]
