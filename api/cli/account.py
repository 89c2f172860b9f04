"""Accounts, their tokens and API keys, and the keys that sign tokens."""

import uuid
from typing import Annotated

import typer

from api import installation
from api.auth import LIFETIME, issue_tokens
from api.cli.command import CommandError, command, current_database, database, migrate_database, run
from api.context import wall_clock
from api.keys import read_token_keys, rotate_token_keys, token_key_files
from api.models.account import RoleKind
from api.settings import read_settings

accounts = typer.Typer(help="Add and close accounts, and set their passwords.", no_args_is_help=True)
command.add_typer(accounts, name="account")
api_keys = typer.Typer(help="The API keys of accounts.", no_args_is_help=True)
command.add_typer(api_keys, name="key")
signing_keys = typer.Typer(help="The keys that sign tokens.", no_args_is_help=True)
command.add_typer(signing_keys, name="keys")


@accounts.command("add")
def add_account(
    login: Annotated[str, typer.Argument(help="The login: letters, digits, dots, dashes, underscores.")],
    role: Annotated[RoleKind, typer.Option(case_sensitive=False, help="What the account is.")],
    scope: Annotated[
        str, typer.Option(help="Where: nation, the code of a province or kabupaten, or the id of an organization.")
    ],
    name: Annotated[str | None, typer.Option(help="What people call it; the login without.")] = None,
) -> None:
    """Add an account with a role, for instance the first coordinator of an installation."""
    settings = read_settings()
    with database(settings) as url:
        run(migrate_database(url))
        adding = installation.add_account(
            url, login=login, name=name or login, kind=role, scope=scope, pooler=settings.pooler
        )
        run(adding)
    typer.echo(f"The account {login} has been added; `sigap token {login}` prints a token for it.")


@command.command()
def token(login: Annotated[str, typer.Argument(help="The login of an account.")]) -> None:
    """Print a bearer token for an account."""
    settings = read_settings()
    with database(settings) as url:
        run(migrate_database(url))
        tokens = run(issue_tokens(settings.data, url, [login], pooler=settings.pooler))
    if login not in tokens:
        raise CommandError(f"There is no active account {login!r}.")
    typer.echo(tokens[login])


@accounts.command("close")
def close_account(login: Annotated[str, typer.Argument(help="The login of the account.")]) -> None:
    """Close an account: it signs in no more, and its sessions, roles and keys do nothing."""
    settings = read_settings()
    with current_database(settings) as url:
        run(installation.close_account(url, login, pooler=settings.pooler))


@accounts.command("password")
def replace_password(login: Annotated[str, typer.Argument(help="The login of the account.")]) -> None:
    """Set a new password for an account, print it this once, and end the account's sessions."""
    settings = read_settings()
    with current_database(settings) as url:
        typer.echo(run(installation.replace_password(url, login, pooler=settings.pooler)))


@api_keys.command("list")
def list_api_keys() -> None:
    """List the API keys that are not revoked: id, login, last day, mutations."""
    settings = read_settings()
    with current_database(settings) as url:
        for line in run(installation.api_keys(url, pooler=settings.pooler)):
            typer.echo(line)


@api_keys.command("revoke")
def revoke_api_key(key: Annotated[uuid.UUID, typer.Argument(help="The id of the key.")]) -> None:
    """Revoke an API key."""
    settings = read_settings()
    with current_database(settings) as url:
        run(installation.revoke_api_key(url, key, pooler=settings.pooler))


@signing_keys.command("list")
def list_keys() -> None:
    """List the keys whose tokens are valid; the first one signs."""
    data = read_settings().data
    keys = read_token_keys(data)
    for (path, _), key in zip(token_key_files(data), keys, strict=True):
        typer.echo(f"{key.thumbprint()} {path.name}")


@signing_keys.command("rotate")
def rotate() -> None:
    """Sign with a new key from now on. Running servers notice; older tokens stay valid until they end."""
    rotate_token_keys(read_settings().data, wall_clock(), lifetime=LIFETIME)
    list_keys()
