"""Say in words what belongs together: C-MOVEs and their deliveries, transactions, instances, series of associations."""

from collections.abc import Iterator

from dicomsniff.association.gets import Get
from dicomsniff.association.links import Linker, Series
from dicomsniff.association.moves import Delivery, Move
from dicomsniff.association.normalized_links import Kind, Step, Workflow
from dicomsniff.dictionary.normalized import type_name
from dicomsniff.dictionary.statuses import status_text
from dicomsniff.dictionary.uids import uid_text
from dicomsniff.quantities import counted, duration


def link_lines(links: Linker) -> Iterator[str]:
    """Yield a line per group of messages or associations that belong together, each with what it is judged by."""
    for move in links.moves():
        yield move_text(move)
    for delivery in links.stray_deliveries():
        yield stray_text(delivery)
    for get in links.gets():
        yield get_text(get)
    for workflow in links.workflows():
        yield thread_text(workflow)
    for series in links.series():
        yield series_text(series)


def move_text(move: Move) -> str:
    """Say what became of a C-MOVE."""
    asked = (
        f"C-MOVE {move.message_id} of association {move.association} ({move.originator or '?'}) to {move.destination}"
    )
    ended = "no final response" if move.status is None else status_text("C-MOVE", None, move.status)
    if not move.deliveries:
        tried = ""
        if move.unconnected:
            last = move.unconnected[-1]
            tried = f"; the provider tried {last.target}: {last.how}"
        none = "is remembered" if move.partial else "is in the capture"
        return f"{asked}: {ended}; no C-STORE for it {none}{tried}"
    return f"{asked}: {ended}; " + "; ".join(delivery_text(delivery) for delivery in move.deliveries)


def stray_text(delivery: Delivery) -> str:
    """Say what came for a C-MOVE that is not in the capture."""
    title, number = delivery.originator or ("?", 0)
    count = ("at least " if delivery.partial else "") + counted(delivery.stores.asked, "C-STORE")
    return f"association {delivery.association}: {count} for C-MOVE {number} of {title}, which is not in the capture"


def get_text(get: Get) -> str:
    """Say what became of a C-GET."""
    ended = "no final response" if get.status is None else status_text("C-GET", None, get.status)
    came = (
        f"{counted(get.sub_operations, 'C-STORE')} within it, {get.kept} kept" if get.sub_operations else "no C-STORE"
    )
    return f"C-GET {get.message_id} of association {get.association}: {ended}; {came}"


def delivery_text(delivery: Delivery) -> str:
    """Say what an association brought of what a C-MOVE asked for."""
    why = f" (a guess, from {delivery.how})" if delivery.guessed else ""
    stores = delivery.stores
    if not stores.asked:
        how = delivery.outcome if delivery.outcome != "released" else "released with nothing sent"
        return f"association {delivery.association} to {delivery.target}, {how}{why}"
    least = "at least " if delivery.partial else ""
    count = f"{least}{counted(stores.asked, 'C-STORE')} in association {delivery.association}"
    return f"{count}, {least}{stores.kept} kept{why}"


def thread_text(workflow: Workflow) -> str:
    """Say what was done under one UID, step by step."""
    name = "" if workflow.kind is Kind.PRINT else f" {workflow.key}"
    several = len(workflow.associations) > 1 or workflow.unlisted > 0
    steps = [step_text(workflow.kind, step) for step in workflow.steps[:MAX_STEPS]]
    where = [f"{said} (association {step.association})" for said, step in zip(steps, workflow.steps, strict=False)]
    more = len(workflow.steps) + workflow.unlisted - len(steps)
    place = "" if several else f" in association {workflow.associations[0]}"
    said = ", ".join(where if several else steps)
    return f"{workflow.kind}{name}{place}: {said}" + (f", and {more} more" if more else "")


MAX_STEPS = 12


def step_text(kind: Kind, step: Step) -> str:
    """Say what one operation did under a UID."""
    name = f"{step.service} {step.message}"
    what = type_name(step.service, step.sop_class_uid, step.action)
    if kind is Kind.COMMITMENT and step.service == "N-ACTION":
        said = f"asked for {counted(step.referenced, 'instance')}" if step.referenced is not None else "asked"
    elif kind is Kind.COMMITMENT and step.service == "N-EVENT-REPORT":
        said = f"reported {step.referenced} committed" if step.referenced is not None else "reported"
        said += f", {step.failed} failed" if step.failed else ""
    elif kind is Kind.PRINT:
        of = uid_text(step.sop_class_uid).removesuffix(" SOP Class")
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
    who = f"{series.calling_ae_title or series.source} -> {series.called_ae_title or series.target}"
    took = duration(series.end - series.start)
    said = f"{series.associations} associations {who} in {took}"
    if series.stores:
        said += f", {counted(series.stores, 'C-STORE')}"
    if series.single_stores > 1:
        said += f"; {series.single_stores} carried a single C-STORE"
    return said
