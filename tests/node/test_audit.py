from pathlib import Path

import orjson

from tests.node import run_node
from tests.serving import running_server


async def test_every_audit_of_graphql_over_http_passes(database_url: str, keys: Path) -> None:
    async with running_server(database_url, keys) as port:
        results = orjson.loads(await run_node("audit.js", f"http://127.0.0.1:{port}/graphql"))

    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == 61
