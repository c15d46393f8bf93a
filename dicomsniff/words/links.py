"""Say in words what belongs together: C-MOVEs and their deliveries, transactions, instances, series of associations."""

from dicomsniff.association.deliveries import Delivery
from dicomsniff.association.gets import Get
from dicomsniff.association.links import End, Link, Series
from dicomsniff.association.moves import Move
from dicomsniff.association.normalized_links import Kind, Step, Workflow
from dicomsniff.dictionary.normalized import type_name
from dicomsniff.dictionary.statuses import status_text
from dicomsniff.findings.parts import the_address, the_class_in_short, the_key, the_title
from dicomsniff.findings.retrieve import why_less
from dicomsniff.quantities import counted, duration


def link_text(link: Link) -> str:
    """Say, with marks, what belongs together, what it came to, and what that is judged by."""
    match link.about:
        case Move() as move:
            return _move_text(move)
        case Delivery() as delivery:
            return _stray_text(delivery)
        case Get() as get:
            return _get_text(get)
        case Workflow() as workflow:
            return _workflow_text(workflow)
        case Series() as series:
            return series_text(series)


def explanation(link: Link) -> str:
    """Say, with marks, why it came to less than was asked for: the likeliest reason; empty where it did not."""
    return why_less(link.about) if isinstance(link.about, Move) else ""


def part_text(link: Link, part: Delivery | Step | End) -> str:
    """Say what one part of it brought."""
    match part:
        case Delivery():
            return _delivery_text(part)
        case Step():
            return f"association {part.association}: {_step_text(link.kind, part)}"
        case End():
            return f"association {part.association} is the {part.which}"


def _move_text(move: Move) -> str:
    """Say what became of a C-MOVE."""
    who = f"association {move.association} ({the_title(move.originator or '?')})"
    asked = f"C-MOVE {move.message_id} of {who} to {the_title(move.destination or '?')}"
    ended = "no final response" if move.status is None else status_text("C-MOVE", None, move.status)
    if not move.deliveries:
        tried = ""
        if move.unconnected:
            last = move.unconnected[-1]
            tried = f"; the SCP tried {the_address(last.target)}: {last.how}"
        none = "is remembered" if move.partial else "is in the capture"
        return f"{asked}: {ended}; no C-STORE for it {none}{tried}"
    return f"{asked}: {ended}; " + "; ".join(_delivery_text(delivery) for delivery in move.deliveries)


def _stray_text(delivery: Delivery) -> str:
    """Say what came for a C-MOVE that is not in the capture."""
    title, number = delivery.originator or ("?", 0)
    count = ("at least " if delivery.partial else "") + counted(delivery.stores.asked, "C-STORE")
    asked = f"C-MOVE {number} of {the_title(title)}"
    return f"association {delivery.association}: {count} for {asked}, which is missing from the capture"


def _get_text(get: Get) -> str:
    """Say what became of a C-GET."""
    ended = "no final response" if get.status is None else status_text("C-GET", None, get.status)
    came = (
        f"{counted(get.sub_operations, 'C-STORE')} within it, {get.kept} kept" if get.sub_operations else "no C-STORE"
    )
    return f"C-GET {get.message_id} of association {get.association}: {ended}; {came}"


def _delivery_text(delivery: Delivery) -> str:
    """Say what an association brought of what a C-MOVE asked for."""
    why = f" (a guess, from {delivery.how})" if delivery.guessed else ""
    stores = delivery.stores
    if not stores.asked:
        how = delivery.outcome if delivery.outcome != "released" else "released with nothing sent"
        return f"association {delivery.association} to {the_address(delivery.target)}, {how}{why}"
    least = "at least " if delivery.partial else ""
    count = f"{least}{counted(stores.asked, 'C-STORE')} in association {delivery.association}"
    return f"{count}, {least}{stores.kept} kept{why}"


def _workflow_text(workflow: Workflow) -> str:
    """Say what was done under one UID, step by step."""
    name = "" if workflow.kind == Kind.PRINT else f" {the_key(workflow.key, workflow.associations[0])}"
    if (unknown := workflow.key.removeprefix(f"association {workflow.associations[0]}, ")) != workflow.key:
        name = f" ({unknown})"
    several = len(workflow.associations) > 1 or workflow.unlisted > 0
    steps = [_step_text(workflow.kind, step) for step in workflow.steps[:MAX_STEPS]]
    where = [f"{said} (association {step.association})" for said, step in zip(steps, workflow.steps, strict=False)]
    more = len(workflow.steps) + workflow.unlisted - len(steps)
    place = "" if several else f" in association {workflow.associations[0]}"
    said = ", ".join(where if several else steps)
    return f"{workflow.kind}{name}{place}: {said}" + (f", and {more} more" if more else "")


MAX_STEPS = 12


def _step_text(kind: str, step: Step) -> str:
    """Say what one operation did under a UID."""
    name = f"{step.service} {step.message_id}"
    what = type_name(step.service, step.sop_class_uid, step.action)
    if kind == Kind.COMMITMENT and step.service == "N-ACTION":
        said = f"asked for {counted(step.referenced, 'instance')}" if step.referenced is not None else "asked"
    elif kind == Kind.COMMITMENT and step.service == "N-EVENT-REPORT":
        said = f"reported {step.referenced} committed" if step.referenced is not None else "reported"
        said += f", {step.failed} failed" if step.failed else ""
    elif kind == Kind.PRINT:
        of = the_class_in_short(step.sop_class_uid)
        return f"{step.service} {f'{what} of ' if what else ''}{of}{_status_note(step)}"
    else:
        said = " ".join(part for part in (step.service, what, step.state) if part)
        return f"{said} (message {step.message}){_status_note(step)}"
    return f"{said} in {name}{_status_note(step)}"


def _status_note(step: Step) -> str:
    if step.status is None:
        return ": no response"
    return "" if step.status == 0 else f": {status_text(step.service, step.sop_class_uid, step.status)}"


def series_text(series: Series) -> str:
    """Say how many associations there were between two ends."""
    who = f"{_end(series.calling_ae_title, series.source)} -> {_end(series.called_ae_title, series.target)}"
    took = duration(series.end - series.start)
    said = f"{series.associations} associations {who} in {took}"
    if series.stores:
        said += f", {counted(series.stores, 'C-STORE')}"
    if series.single_stores > 1:
        said += f"; {series.single_stores} carried a single C-STORE"
    return said


def _end(title: str | None, address: str) -> str:
    return the_title(title) if title else the_address(address)
