"""Search a second time, in plain Python: every row that the actor may see is compared with the text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio.from_thread

from api.models import Incident, Kabupaten, Kecamatan, Membership, Need, Organization, Province, Volunteer
from api.resolvers.search_match import phone_key
from api.resolvers.searched import SEARCHED, Searched
from api.values.key import code_key, search_key, sort_key
from tests.compiler.rows import Row

if TYPE_CHECKING:
    from tests.compiler.reader import View

NOWHERE = 3.0


@dataclass
class SearchRules:
    """What one actor finds; the methods have the names of the declarations that they repeat."""

    view: "View"

    def hits(self, number: int, searched: Searched, match: str, _row: Row, arguments: Mapping[str, Any]) -> list[Row]:
        text, kinds = arguments["text"], arguments.get("kinds")
        if kinds is not None and searched.kind not in kinds:
            return []
        similarities = self.similarities(sort_key(text), [named for _, named in self.visible(searched)])
        return [
            {
                "tier": number,
                "kind": str(searched.kind),
                "match": str(match),
                "key": str(row[searched.key.name]),
                "text": named[searched.name.name],
                "sort_key": named["sort_key"],
                "difference": self.difference(searched, named, text, similarity) if match == "SIMILAR" else 0,
                "chord": self.chord(searched, row, arguments.get("near")),
            }
            for (row, named), similarity in zip(self.visible(searched), similarities, strict=True)
            if self.best_match(searched, row, named, text, similarity) == match
        ]

    def similar_hits(self, number: int, row: Row, arguments: Mapping[str, Any]) -> list[Row]:
        return [hit for searched in SEARCHED for hit in self.hits(number, searched, "SIMILAR", row, arguments)]

    def visible(self, searched: Searched) -> Iterator[tuple[Row, Row]]:
        """The rows of a kind, each with the row that has its name."""
        for row in self.view.reader.rows.all_of(searched.table):
            named = row
            if searched.table is Need:
                named = self.view.visibility.row(Incident, row["incident_id"])
                if not self.view.visibility.sees_incident(named):
                    continue
            if self.view.visibility.holds(searched.visible, row):
                yield row, named

    def similarities(self, text: str, named: list[Row]) -> list[float]:
        """By the database, whose search for the most similar part has its own ways."""
        sql = "SELECT word_similarity($1, key) FROM unnest($2::text[]) WITH ORDINALITY AS k (key, place) ORDER BY place"
        fetch = self.view.reader.connection.fetch
        return [row[0] for row in anyio.from_thread.run(fetch, sql, text, [row["sort_key"] for row in named])]

    def best_match(self, searched: Searched, row: Row, named: Row, text: str, similarity: float) -> str | None:
        by_name = self.match_by_name(searched, named, text, similarity)
        is_person = searched.table is Volunteer
        return by_name or ("NUMBER" if is_person and self.has_number(row, text) else None)

    def match_by_name(self, searched: Searched, named: Row, text: str, similarity: float) -> str | None:
        if named["sort_key"].startswith(sort_key(text)):
            return "STARTS"
        if len(search_key(text)) < 3:
            return None
        _, key = searched.name.info["searched"]
        if key(text) in named["search_key"]:
            return "CONTAINS"
        is_similar = similarity >= similar_enough(text) or self.has_exchanged(searched, named, text)
        return "SIMILAR" if is_similar else None

    def has_exchanged(self, searched: Searched, named: Row, text: str) -> bool:
        _, key = searched.name.info["searched"]
        return any(each in named["search_key"] for each in exchanged(key(text)))

    def difference(self, searched: Searched, named: Row, text: str, similarity: float) -> int:
        if not self.has_exchanged(searched, named, text):
            return 1000 - round(1000 * similarity)
        return 0 if any(f" {each}" in f" {named['sort_key']}" for each in exchanged(sort_key(text))) else 1

    def has_number(self, volunteer: Row, text: str) -> bool:
        knows = self.view.visibility.knows_volunteer(volunteer)
        memberships = self.view.reader.rows.where(Membership, "volunteer_id", volunteer["id"])
        return bool(knows and volunteer["phone"] == phone_key(text)) or any(
            membership["number_key"] == code_key(text) for membership in memberships
        )

    def chord(self, searched: Searched, row: Row, near: Mapping[str, Any] | None) -> float:
        if near is None or searched.table is Province:
            return NOWHERE
        code = str(near.get("kabupaten")).removeprefix("Kabupaten:")
        there = near["point"] if near.get("point") else self.view.visibility.row(Kabupaten, code)
        is_known = row.get("latitude") is not None and (
            searched.table is not Volunteer or self.view.visibility.knows_volunteer(row)
        )
        at_home = searched.table in (Volunteer, Organization, Kecamatan) and not is_known
        here = self.view.visibility.row(Kabupaten, row["kabupaten_code"]) if at_home else row
        return self.view.reader.rules.chord(here, there)


def similar_enough(text: str) -> float:
    """More of a long text than of a short one; each word has a trigram more than letters."""
    length = len(sort_key(text).replace(" ", "")) + len(sort_key(text).split())
    return 0.4 if length < 9 else 0.5 if length == 9 else 0.55


def exchanged(letters: str) -> list[str]:
    """The text with two neighbours in the other order, unless it is very short or long."""
    halves = [(letters[:place], letters[place:]) for place in range(1, len(letters))] if 4 <= len(letters) <= 16 else []
    return [left[:-1] + right[0] + left[-1] + right[1:] for left, right in halves if left[-1] != right[0]]
