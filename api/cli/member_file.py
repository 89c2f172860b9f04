"""Importing files."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from api.cli.command import CommandError, command, current_database, run
from api.models.import_job import KnownPeople
from api.models.person import Reach
from api.settings import read_settings

imports = typer.Typer(help="Import files.", no_args_is_help=True)
command.add_typer(imports, name="import")


@imports.command("members")
def import_members(
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX file.")],
    organization: Annotated[str, typer.Option(help="The id of the organization whose members they are.")],
    login: Annotated[str, typer.Option("--as", help="The login of an account that may enrol its members.")],
    apply: Annotated[bool, typer.Option("--apply", help="Import the rows; they are only checked without.")] = False,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Import nothing where a row is refused.")
    ] = False,
    known: Annotated[
        KnownPeople, typer.Option(case_sensitive=False, help="What to do with people who are members already.")
    ] = KnownPeople.FILL,
    reach: Annotated[
        Reach | None,
        typer.Option(case_sensitive=False, help="How far people agree to be sent whose row does not say it."),
    ] = None,
    consent: Annotated[str | None, typer.Option(help="What new people have consented to.")] = None,
    kabupaten: Annotated[str | None, typer.Option(help="The home kabupaten of people whose row names none.")] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of the workbook, if it has several.")] = None,
    refused: Annotated[Path | None, typer.Option(help="Where to write the refused rows, as .csv or .xlsx.")] = None,
) -> None:
    """Check or import members from a file, as importMembers does, and print what is wrong with which row."""
    from api.import_file import FileImport, NotImported, import_file  # noqa: PLC0415  # As in `schema`.

    settings = read_settings()
    asked = FileImport(login, organization, file, refused)
    options = {
        "apply": apply,
        "all_or_nothing": all_or_nothing,
        "known_people": known,
        "reach": reach,
        "consent_purpose": consent,
        "kabupaten": kabupaten,
        "sheet": sheet,
    }
    with (
        current_database(settings) as url,
        Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar,
    ):
        task = bar.add_task(file.name, total=None)
        try:
            lines = run(
                import_file(
                    url,
                    settings,
                    asked,
                    options,
                    lambda done, total: bar.update(task, completed=done, total=total),
                )
            )
        except NotImported as error:
            raise CommandError(str(error)) from None
    typer.echo("\n".join(lines))
