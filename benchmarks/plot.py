"""The picture of the report: requests per second of everybody, a row of panels for each number of connections."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.contest import Results
from benchmarks.peer import CONNECTIONS, FLOOR, OURS, UNSCOPED
from benchmarks.report import PEERS, QUERIES

COLORS = {OURS: "#b3261e", UNSCOPED: "#e0867f", FLOOR: "#3c3c3c"}
OTHERS = "#9aa5b1"


def draw(results: Results, file: Path) -> None:
    """Nothing is drawn where nothing was measured."""
    queries = [
        query
        for query in QUERIES
        if any(results.of(query, peer, CONNECTIONS) for peer in PEERS if peer not in {OURS, UNSCOPED})
    ]
    crowds = sorted({each.connections for each in results.rounds if each.query in queries})
    if not queries:
        return
    with mpl.rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(2.6 * len(queries) + 0.6, 1.9 * len(crowds) + 0.4), layout="constrained")
        panels = figure.subplots(len(crowds), len(queries), squeeze=False)
        for row, crowd in zip(panels, crowds, strict=True):
            for panel, query in zip(row, queries, strict=True):
                fill(panel, results, query, crowd)
        figure.suptitle("Requests per second, medians of the rounds; longer is better")
        figure.savefig(file, dpi=110, metadata={"Software": None})


def fill(panel: Axes, results: Results, query: str, crowd: int) -> None:
    names = [peer for peer in PEERS if results.of(query, peer, crowd)]
    values = [results.median(query, peer, crowd, "requests") or 0.0 for peer in names]
    drawn = panel.barh(names, values, color=[COLORS.get(name, OTHERS) for name in names])
    panel.bar_label(drawn, [f"{value:,.0f}" if value >= 10 else f"{value:.1f}" for value in values], padding=2)
    panel.invert_yaxis()
    panel.margins(x=0.25)
    panel.set_xticks([])
    panel.set_title(f"{query}, {crowd} connection{'s' if crowd > 1 else ''}")
