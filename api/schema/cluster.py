"""Clusters of disaster response."""

from __future__ import annotations

from datetime import date

from api.schema.field import Labelled, Node, field, label, noun
from api.schema.scalar import Code


@noun("One of the eight national clusters of disaster response.")
class Cluster(Node, Labelled):
    code: Code = field("The code of the cluster.")
    retired_on: date | None = field("From this day on it is refused in new inputs; null while it is in use.")
    label: str = label("The name of the cluster.")
