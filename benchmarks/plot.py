"""The chart of the report: requests per second of each server, one row of panels per number of connections."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.comparison import Results
from benchmarks.peer import CONNECTIONS, FLOOR, OURS, UNSCOPED
from benchmarks.report import PEERS, QUERIES

COLORS = {OURS: "#b3261e", UNSCOPED: "#e0867f", FLOOR: "#3c3c3c"}
OTHERS = "#9aa5b1"


def draw(results: Results, file: Path) -> None:
    """Draws the queries that were measured; writes no file if there are none."""
    queries = [
        query
        for query in QUERIES
        if any(results.select(query, peer, CONNECTIONS) for peer in PEERS if peer not in {OURS, UNSCOPED})
    ]
    concurrencies = sorted({each.connections for each in results.rounds if each.query in queries})
    if not queries:
        return
    with mpl.rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(2.6 * len(queries) + 0.6, 1.9 * len(concurrencies) + 0.4), layout="constrained")
        panels = figure.subplots(len(concurrencies), len(queries), squeeze=False)
        for row, connections in zip(panels, concurrencies, strict=True):
            for panel, query in zip(row, queries, strict=True):
                draw_panel(panel, results, query, connections)
        figure.suptitle("Requests per second, medians of the rounds; longer is better")
        figure.savefig(file, dpi=110, metadata={"Software": None})


def draw_panel(panel: Axes, results: Results, query: str, connections: int) -> None:
    names = [peer for peer in PEERS if results.select(query, peer, connections)]
    values = [results.median(query, peer, connections, "requests") or 0.0 for peer in names]
    bars = panel.barh(names, values, color=[COLORS.get(name, OTHERS) for name in names])
    panel.bar_label(bars, [f"{value:,.0f}" if value >= 10 else f"{value:.1f}" for value in values], padding=2)
    panel.invert_yaxis()
    panel.margins(x=0.25)
    panel.set_xticks([])
    panel.set_title(f"{query}, {connections} connection{'s' if connections > 1 else ''}")
