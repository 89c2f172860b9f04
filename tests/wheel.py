"""`make wheel`: the wheel, installed into an environment of its own, serves in a folder that has an `api/` of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

INSTALL_SECONDS = 600
START_SECONDS = 120
STOP_SECONDS = 60


def main() -> None:
    with TemporaryDirectory(prefix="sigap-wheel-") as name:
        folder = Path(name)
        program = install(folder)
        # Of another program; whoever imports it by mistake does not start.
        (folder / "work" / "api").mkdir(parents=True)
        (folder / "work" / "api" / "__init__.py").write_text("raise SystemExit('the wrong api')\n")
        serve(program, folder / "work")
    sys.stdout.write("The wheel serves.\n")


def install(folder: Path) -> Path:
    """Builds the wheel and installs it with what requirements/runtime.txt pins; returns the command."""
    python = folder / "venv" / "bin" / "python"
    run("-m", "uv", "build", "--quiet", "--wheel", "--out-dir", str(folder))
    run("-m", "venv", str(folder / "venv"))
    (wheel,) = folder.glob("sigap-*.whl")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    hashed = [*pip, "--require-hashes", "--requirement", "requirements/runtime.txt"]
    for command in (hashed, [*pip, str(wheel)]):
        subprocess.run(command, check=True, timeout=INSTALL_SECONDS)
    return python.with_name("sigap")


def run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, timeout=INSTALL_SECONDS)


def serve(program: Path, folder: Path) -> None:
    """Starts the server, waits until it answers, and stops it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    own = {
        name: value for name, value in os.environ.items() if not name.startswith("SIGAP_") and name != "DATABASE_URL"
    }
    with subprocess.Popen([program, "serve"], cwd=folder, env={**own, "SIGAP_PORT": str(port)}) as process:
        try:
            wait_until_healthy(process, f"http://127.0.0.1:{port}/health")
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(STOP_SECONDS)
    if status:
        sys.exit(f"The installed server ended with status {status}.")


def wait_until_healthy(process: "subprocess.Popen[bytes]", address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  # The address is our own.
                if answer.status == 200:
                    return
        except OSError:  # Also while it starts, when it accepts connections and does not answer yet.
            time.sleep(0.2)
    sys.exit("The installed server does not answer.")


if __name__ == "__main__":
    main()
