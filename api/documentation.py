"""The documents that are printed from declarations: `python -m api.documentation` writes them."""

import pkgutil
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from api import access, models
from api.models.choice import Consequence, Phase, StateMachine
from api.resolvers import VERBS
from api.rules.refusal import OFFER_RULES
from api.schema.field import mutation_name

FOLDER = Path(__file__).resolve().parents[1] / "docs"
PRINTED = "Printed from the declarations by `make docs`; do not change it by hand."


def state_machines() -> list[StateMachine[Any, Any]]:
    """Every state machine of the models, by the name of its noun."""
    modules = (import_module(f"{models.__name__}.{module.name}") for module in pkgutil.iter_modules(models.__path__))
    found = {
        value.noun: value for module in modules for value in vars(module).values() if isinstance(value, StateMachine)
    }
    return [found[noun] for noun in sorted(found)]


def states() -> str:
    """Statuses and moves of every noun that has some."""
    parts = [f"# Statuses and moves\n\n{PRINTED} What is not listed does not exist.\n"]
    for machine in state_machines():
        parts += [
            f"## {machine.noun}\n",
            f"```mermaid\nstateDiagram-v2\n{lines(diagram(machine))}```\n",
            table(("status", "what it means", "groups"), status_rows(machine)),
            table(("action", "from", "when", "to", "who may", "what it needs"), move_rows(machine)),
            lines(further_steps(machine)),
        ]
    return "\n".join(parts)


def diagram(machine: StateMachine[Any, Any]) -> Iterable[str]:
    for status in machine.initial:
        yield f"    [*] --> {status}"
    for move in machine.moves:
        yield from (f"    {source} --> {move.target or source}: {move.action}" for source in move.sources)
    yield from (f"    {lapse.source} --> {lapse.target}: by time" for lapse in machine.lapses)
    for each in machine.consequences:
        yield from (f"    {source} --> {each.target}: {mutation_names(each)}" for source in each.sources)


def further_steps(machine: StateMachine[Any, Any]) -> Iterable[str]:
    """What time alone brings about, and what follows from mutations of other things."""
    for lapse in machine.lapses:
        yield f"- {lapse.source} becomes {lapse.target} {lapse.description}."
    for each in machine.consequences:
        yield f"- {' or '.join(each.sources)} becomes {each.target} {each.description}: {mutation_names(each)}."


def mutation_names(consequence: Consequence[Any]) -> str:
    return ", ".join(mutation_name(VERBS[verb]) for verb in consequence.verbs)


def status_rows(machine: StateMachine[Any, Any]) -> Iterable[tuple[str, ...]]:
    for status in machine.statuses:
        groups = [name for name, members in machine.groups.items() if status in members]
        yield status, status.description, ", ".join(groups)


def move_rows(machine: StateMachine[Any, Any]) -> Iterable[tuple[str, ...]]:
    for move in machine.moves:
        who = (access.may_move(move).__doc__ or "").removesuffix(".")
        when = "" if move.phases == tuple(Phase) else ", ".join(phase.description for phase in move.phases)
        yield move.action, ", ".join(move.sources) or "nothing", when, move.target or "as it was", who, move.needs


def verbs() -> str:
    """Every mutation: what it does, who may call it, and the codes it can answer with."""
    rows = [
        (f"`{mutation_name(verb)}`", verb.description, verb.callers.description, ", ".join(verb.all_codes))
        for _, verb in sorted(VERBS.items())
    ]
    heads = ("mutation", "what it does", "who may call it", "problem codes")
    return f"# Mutations\n\n{PRINTED}\n\n{table(heads, rows)}"


OVERRIDES = """An override is made with an offer, by a coordinator of the need: the codes of the rules to set aside, and a reason, which is
required. Each is recorded with the rule, its fact, the reason and the account, and shown to whoever sees the assignment. It holds
for this assignment, at the offer and at the acceptance, and covers no other rule. Rules that cannot be overridden are refused as
`NOT_OVERRIDABLE`; two people in one place, too many people for a need, and missing consent are among them."""


def rules() -> str:
    """Every rule of sending: its codes, what it counts, when it is asked, and whether it can be overridden."""
    rows = [
        (
            ", ".join(refusal.code for refusal in rule.refusals),
            rule.counts,
            "offer, acceptance" if rule.checked_on_accept else "offer",
            "yes" if rule.overridable else "no",
        )
        for rule in OFFER_RULES
    ]
    heads = ("codes", "what it counts", "asked at", "can be overridden")
    return f"# Rules of sending\n\n{PRINTED}\n\n{table(heads, rows)}\n## Overrides\n{OVERRIDES}\n"


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    return lines(f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows))


def lines(texts: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


def documents() -> Mapping[str, str]:
    """The text of each printed document, by its file in `docs`."""
    return {"states.md": states(), "mutations.md": verbs(), "rules.md": rules()}


if __name__ == "__main__":
    for name, text in documents().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
