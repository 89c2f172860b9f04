"""The schema, and why a query is slow."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.command import CommandError, command, current_database, run
from api.settings import read_settings


@command.command()
def schema() -> None:
    """Print the schema's definition."""
    from api.schema.build import schema_definition  # noqa: PLC0415  # It builds the schema, which takes longer than most commands.

    typer.echo(schema_definition(), nl=False)


@command.command()
def explain(
    file: Annotated[str, typer.Argument(help="A file with a GraphQL document; - is standard input.")],
    login: Annotated[
        str | None, typer.Option("--as", help="The login of the account to ask as; anonymous without.")
    ] = None,
    variables: Annotated[str | None, typer.Option(help="The variables, as a JSON object.")] = None,
    variables_file: Annotated[str | None, typer.Option(help="A file with the variables.")] = None,
    operation: Annotated[
        str | None, typer.Option(help="The operation to explain, if the document has several.")
    ] = None,
    analyze: Annotated[
        bool, typer.Option("--analyze", help="Execute the statements and print how long they take.")
    ] = False,
) -> None:
    """Print the SQL that answers a GraphQL query, with its values and its query plan."""
    if variables is not None and variables_file is not None:
        raise CommandError("Use either --variables or --variables-file, not both.")
    document = read_text(file)
    variables_json = read_text(variables_file) if variables_file is not None else variables
    settings = read_settings()
    with current_database(settings) as url:
        from api.explain import ExplainError, ExplainRequest, explain_document  # noqa: PLC0415  # As in `schema`.

        question = ExplainRequest(
            document=document, variables=parse_variables(variables_json or "{}"), operation=operation, login=login
        )
        try:
            sections = run(explain_document(url, question, analyze=analyze, pooler=settings.pooler))
        except ExplainError as refused:
            raise CommandError(str(refused)) from None
    typer.echo("\n\n".join(sections) if sections else "The document reads nothing from the database.")


def read_text(file: str) -> str:
    """The content of a file; `-` is standard input."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"Cannot read {file}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"Cannot read {file}: it is not text in UTF-8.") from None


def parse_variables(text: str) -> dict[str, Any]:
    try:
        variables = json.loads(text)
    except ValueError as error:
        raise CommandError(f"The variables are not JSON: {error}.") from None
    if not isinstance(variables, dict):
        raise CommandError("The variables must be a JSON object.")
    return variables
