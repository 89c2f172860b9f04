"""What browsers and tools find beside /graphql: the first page, the contract, documents, the explorer's files."""

import re
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path

import pytest

from api.settings import DEFAULTS
from api.web.budget import WRONG_TOKEN_COST
from api.web.explorer import LIBRARY, DemoPerson
from tests.asking import Api
from tests.builders import Build
from tests.conftest import NOW
from tests.serving import running_api

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
CONTRACT = Path("schema.graphql").read_text(encoding="utf-8")


async def test_every_link_of_the_first_page_leads_somewhere(api: Api) -> None:
    page = await api.client.get("/", headers=BROWSER)
    links = re.findall(r'href="([^"]+)"', page.text)

    statuses = {link: (await api.client.get(link, headers=BROWSER)).status_code for link in links}

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert statuses == dict.fromkeys(links, 200)
    assert {"/graphql", "/schema.graphql", "/health", "/docs/glossary.md"} <= set(links)


@pytest.mark.parametrize("name", ["nothing.md", "tried.md", "..%2fREADME.md", "%2e%2e%2fpyproject.toml"])
async def test_no_other_file_is_a_document(api: Api, name: str) -> None:
    assert (await api.client.get(f"/docs/{name}")).status_code == 404


async def test_the_contract_is_the_committed_one_and_has_an_entity_tag(api: Api) -> None:
    first = await api.client.get("/schema.graphql")
    tag = first.headers["ETag"]
    known = [
        await api.client.get("/schema.graphql", headers={"If-None-Match": each}) for each in (tag, f'"a", {tag}', "*")
    ]
    other = await api.client.get("/schema.graphql", headers={"If-None-Match": 'W/"a"'})

    assert (first.text, other.text) == (CONTRACT, CONTRACT)
    assert tag == f'W/"{sha256(CONTRACT.encode()).hexdigest()}"'
    assert [(each.status_code, each.content, each.headers["ETag"]) for each in known] == [(304, b"", tag)] * 3


async def test_the_contract_is_for_accounts_where_introspection_is(database_url: str, keys: Path, build: Build) -> None:
    coordinator = await build.coordinator()
    settings = replace(DEFAULTS, introspection="accounts")
    async with running_api(database_url, keys, lambda: NOW, settings=settings) as api:
        public = await api.client.get("/schema.graphql")
        forged = await api.client.get("/schema.graphql", headers={"Authorization": "Bearer x"})
        paid = api.services.budgets.used("127.0.0.1")
        known = await api.client.get("/schema.graphql", headers=api.headers(coordinator))

    assert [(each.status_code, each.headers.get("WWW-Authenticate")) for each in (public, forged)] == [
        (401, "Bearer")
    ] * 2
    assert paid >= WRONG_TOKEN_COST
    assert known.text == CONTRACT


async def test_only_a_browser_gets_the_explorer(api: Api) -> None:
    page = await api.client.get("/graphql", headers=BROWSER)
    posted = await api.client.post("/graphql", headers=BROWSER, json={"query": "{ __typename }"})
    asked = await api.client.get("/graphql?query={__typename}", headers={"Accept": "application/json, text/html"})

    assert (page.headers["Content-Type"], page.headers["Vary"]) == (
        "text/html; charset=utf-8",
        "Accept, Accept-Encoding",
    )
    assert posted.json() == asked.json() == {"data": {"__typename": "Query"}}


async def test_there_is_no_explorer_where_only_trusted_documents_are_executed(database_url: str, keys: Path) -> None:
    settings = replace(DEFAULTS, documents={})
    async with running_api(database_url, keys, lambda: NOW, settings=settings) as api:
        response = await api.client.get("/graphql", headers=BROWSER)

    assert (response.status_code, response.headers["Content-Type"]) == (400, "application/json")


async def test_nobody_is_offered_to_ask_as_without_the_demo_story(api: Api) -> None:
    assert (await api.client.get("/explorer/people.json")).json() == []


async def test_the_people_of_the_demo_story_are_offered(database_url: str, keys: Path) -> None:
    person = DemoPerson("kotim", "coordinator", "token")
    async with running_api(database_url, keys, lambda: NOW, people=[person]) as api:
        response = await api.client.get("/explorer/people.json")

    assert response.json() == [{"login": "kotim", "role": "coordinator", "token": "token"}]


# SHA-256 of graphiql.min.js and graphiql.min.css of npm's graphiql 2.4.7, and of react and react-dom 17.0.2. The package appends a line end.
RELEASED = {
    "graphiql.min.js": "9ff2ca6842eea42d47fcf53a8e8cfec9b7912474f6c4275e904b7a39830e3995",
    "graphiql.min.css": "3ac6ccf8b4077271478b4887ec050ab9e66f0dc101a32ff3e2127b8f1d5ca6c3",
    "react.production.min.js": "229bbf4d0e7488209564152c6723497f1ac3934136ca1684233d2fa88fa4146f",
    "react-dom.production.min.js": "9db33292007ab6c38527b39d5663e976a305564e19b2a5a8713ea2b2c00f505d",
}


@pytest.mark.parametrize("name", RELEASED)
def test_the_library_is_what_npm_has(name: str) -> None:
    path = distribution("graphene-django-graphiql-static").locate_file(f"{LIBRARY}/static/{LIBRARY}/{name}")
    content = Path(str(path)).read_bytes()

    assert RELEASED[name] in {sha256(content).hexdigest(), sha256(content.removesuffix(b"\n")).hexdigest()}
