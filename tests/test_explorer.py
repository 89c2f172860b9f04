"""The explorer in a real browser."""

import json
import shutil
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from api.auth import Tokens
from api.web.explorer import DemoPerson
from tests.builders import HOME, PASSWORD, Build
from tests.conftest import NOW
from tests.serving import running_server

CHROMIUM = shutil.which("chromium")
TABS = ["OpenNeeds", "Candidates", "Volunteers", "Assignments", "Declare"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian's package chromium).")


@dataclass
class Visit:
    """The explorer, opened in Chromium: the hosts it asked, and what its console said."""

    page: Page
    host: str
    hosts: set[str] = field(default_factory=set)
    messages: list[str] = field(default_factory=list)

    async def open(self) -> None:
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        await self.page.clock.set_fixed_time(NOW)
        await self.page.goto(f"http://{self.host}/graphql")
        await self.page.wait_for_selector(".graphiql-execute-button")

    async def type(self, document: str) -> None:
        """Types a document, of which the editor closes the last bracket, over that of the current tab."""
        await self.page.click(".graphiql-query-editor .CodeMirror")
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.type(document)

    async def run(self) -> Any:
        """Runs the document of the current tab, and returns the answer that the page shows."""
        async with self.page.expect_response(lambda response: response.request.method == "POST"):
            await self.page.click(".graphiql-execute-button")
        # Not by a function, which Playwright evaluates again and again: the page's policy forbids that.
        await self.page.locator(".graphiql-response", has_text="}").wait_for()
        shown = "document.querySelector('.graphiql-response .CodeMirror').CodeMirror.getValue()"
        return json.loads(await self.page.evaluate(shown))


@pytest.fixture
async def visit(database_url: str, keys: Path, build: Build) -> AsyncGenerator[Visit]:
    token = Tokens.load(keys).issue(await build.coordinator(kabupaten_code=HOME), NOW)
    people = [DemoPerson("kotim", "coordinator of Kotawaringin Timur", token)]
    async with running_server(database_url, keys, people=people) as port, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        visit = Visit(await browser.new_page(), f"127.0.0.1:{port}")
        await visit.open()
        yield visit
        await browser.close()


async def test_a_visitor_types_a_query_and_sees_the_answer_without_any_other_host(visit: Visit) -> None:
    await visit.type('{ kabupaten(id: "62.02") { name } me { id }')

    answer = await visit.run()

    assert answer == {"data": {"kabupaten": {"name": "Kabupaten Kotawaringin Timur"}, "me": None}}
    assert (visit.hosts, visit.messages) == ({visit.host}, [])


async def test_a_visitor_signs_in_goes_on_after_the_token_has_expired_and_signs_out(visit: Visit, build: Build) -> None:
    await build.account_with_password(login="sinta")
    await visit.type("{ me { login }")
    form = visit.page.locator("#sign-in")
    await form.locator("[name=login]").fill("sinta")
    await form.locator("[name=password]").fill("salah sekali")
    await form.locator("button").click()
    await form.locator("output", has_text="The account or the password is wrong.").wait_for()
    await form.locator("[name=password]").fill(PASSWORD)
    await form.locator("button").click()
    await visit.page.locator("#signed-in", has_text="sinta").wait_for()

    signed_in = await visit.run()
    await visit.page.evaluate("token = 'kedaluwarsa'")
    renewed = await visit.run()
    await visit.page.click("#signed-in button")
    await form.wait_for()
    signed_out = await visit.run()

    me = {"data": {"me": {"login": "sinta"}}}
    assert (signed_in, renewed, signed_out) == (me, me, {"data": {"me": None}})
    assert await build.connection.fetchval("SELECT count(*) FROM session WHERE ended_at IS NULL") == 0
    unauthorized = "Failed to load resource: the server responded with a status of 401 (Unauthorized)"
    assert (visit.hosts, visit.messages) == ({visit.host}, [unauthorized])


async def test_each_example_runs_as_a_person_of_the_demo_story(visit: Visit) -> None:
    await visit.page.select_option("#people select", label="kotim: coordinator of Kotawaringin Timur")
    tabs = visit.page.locator(".graphiql-tab-button")
    names = await tabs.all_inner_texts()

    answers = []
    for index in range(len(names)):
        await tabs.nth(index).click()
        answers.append(await visit.run())

    assert names == TABS
    assert [answer for answer in answers if "errors" in answer] == []
    assert answers[-1]["data"]["declareIncident"]["problems"] == []
    assert (visit.hosts, visit.messages) == ({visit.host}, [])
