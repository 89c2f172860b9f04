"""Runs the command `sigap` as a process of its own, forked from one that has imported it: to import it takes seconds."""

import multiprocessing
import os
import runpy
import subprocess
import sys
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory

import coverage
import pytest

TIMEOUT = 60.0  # Seconds; other tests may keep the cores busy.

Environment = dict[str, str]

# Says to a new process of Python that its coverage is measured.
COVERAGE = "COVERAGE_PROCESS_CONFIG"
STREAMS = {"stdin": os.O_RDONLY, "stdout": os.O_WRONLY | os.O_CREAT, "stderr": os.O_WRONLY | os.O_CREAT}


def environment(data: Path, **more: str) -> Environment:
    """No settings except the data folder, the server programs under test, and `more`."""
    others = {
        name: value
        for name, value in os.environ.items()
        if name == "SIGAP_POSTGRES_BIN" or (not name.startswith("SIGAP_") and name != "DATABASE_URL")
    }
    return {**others, "SIGAP_DATA": str(data), **more}


def sigap(env: Environment, *arguments: str, text: str = "") -> "subprocess.CompletedProcess[str]":
    """What `python -m api` does with these arguments, and with the text as its standard input."""
    with TemporaryDirectory(prefix="sigap-command-") as name:
        folder = Path(name)
        (folder / "stdin").write_text(text)
        process = _server().Process(target=_run, args=(folder, Path.cwd(), env, arguments))
        process.start()
        process.join(TIMEOUT)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(arguments, TIMEOUT)
        stdout, stderr = ((folder / stream).read_text() for stream in ("stdout", "stderr"))
        return subprocess.CompletedProcess(arguments, process.exitcode, stdout, stderr)


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["api.app", "api.cli", "api.explain", __name__])
    with pytest.MonkeyPatch.context() as patch:
        # The processes that are forked from it are measured, each by itself.
        patch.delenv(COVERAGE, raising=False)
        process = context.Process(target=int)
        process.start()
        process.join()
    return context


def _run(folder: Path, directory: Path, env: Environment, arguments: tuple[str, ...]) -> None:
    for number, (stream, flags) in enumerate(STREAMS.items()):
        os.dup2(os.open(folder / stream, flags), number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  # Multiprocessing has closed it.
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["sigap", *arguments]
    measured = coverage.process_startup()
    try:
        runpy.run_module("api", run_name="__main__", alter_sys=True)
    finally:
        if measured is not None:
            measured.stop()
            measured.save()
