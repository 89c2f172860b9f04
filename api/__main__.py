"""`python -m api`: the `sigap` command."""

from api.cli import main

main()
