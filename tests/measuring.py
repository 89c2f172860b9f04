"""Leaves out of the coverage what it would slow down most."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unmeasured() -> Iterator[None]:
    """Measures no coverage meanwhile, neither here nor in threads that begin.

    The marker `no_cover` has no effect in a worker of xdist: pytest-cov measures twice there, and pauses one of both.
    """
    here, in_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        yield
    finally:
        sys.settrace(here)
        threading.settrace(in_threads)
