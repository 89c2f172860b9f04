"""Makes .venv hold what requirements/NAME.txt pins; make runs it with the Python that .venv is made from.

.venv is whole where a stamp (NAME.done) stands in it. An install takes the stamps away first and sets them last, so one
that was broken off leaves none, and the next begins anew. The lock on .venv is shared with the programs started here:
where make was killed and they live on, the next install waits for them.
"""

import fcntl
import os
import platform
import subprocess
import sys
from pathlib import Path

VENV = Path(".venv")
PYTHON = VENV / "bin" / "python"
STAMPS = {"runtime": VENV / "runtime.done", "dev": VENV / "dev.done"}
# What dev.txt pins includes what runtime.txt pins.
FULFILLED_BY = {"runtime": ["runtime"], "dev": ["runtime", "dev"]}


def install(name: str) -> None:
    VENV.mkdir(exist_ok=True)
    lock = os.open(VENV, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Waiting for another install to end", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)

    requirements = [Path("requirements", f"{each}.txt") for each in FULFILLED_BY[name]]
    if is_whole() and is_newer(STAMPS[name], than=requirements):
        return
    if not is_whole():
        print(f"Making .venv with Python {platform.python_version()}", flush=True)
        run(lock, sys.executable, "-m", "venv", "--clear", VENV)
    for stamp in STAMPS.values():
        stamp.unlink(missing_ok=True)
    print(f"Installing requirements/{name}.txt", flush=True)
    # Without dependencies: the file names them all, and pip need not look for them.
    options = "-qq --disable-pip-version-check --no-input --root-user-action=ignore --require-hashes --no-deps"
    run(lock, PYTHON, "-m", "pip", "install", *options.split(), "--requirement", requirements[-1])
    for each in FULFILLED_BY[name]:
        STAMPS[each].touch()


def is_whole() -> bool:
    """Whether an install ended well and the Python that .venv was made from is still there."""
    return any(stamp.exists() for stamp in STAMPS.values()) and PYTHON.exists()


def is_newer(stamp: Path, *, than: list[Path]) -> bool:
    return stamp.exists() and all(stamp.stat().st_mtime >= each.stat().st_mtime for each in than)


def run(lock: int, *command: str | Path) -> None:
    subprocess.run(command, check=True, pass_fds=[lock])


if __name__ == "__main__":
    try:
        install(sys.argv[1])
    except OSError as error:
        sys.exit(f"The installation failed: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"The installation failed (status {error.returncode}); the lines above say why.")
    except KeyboardInterrupt:
        sys.exit("The installation was broken off; the next begins anew.")
