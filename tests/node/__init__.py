"""Programs in JavaScript that ask the API as frontends do. Their packages are installed by npm on first use."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from benchmarks.database import FOLDER
from benchmarks.node import NODE, install

SOURCE = Path(__file__).parent


def packages() -> Path:
    """The folder with the programs and their packages; skips the test where npm cannot install them."""
    try:
        return install(SOURCE, (FOLDER / "clients").absolute())
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"npm could not install the packages of {SOURCE}: {error}")


async def run_node(program: str, *arguments: str) -> str:
    """What the program prints; asserts that it succeeds."""
    process = await asyncio.create_subprocess_exec(
        NODE, str(packages() / program), *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, (output + errors).decode()
    return output.decode()
