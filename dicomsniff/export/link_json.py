"""What belongs together -> JSON."""

from collections.abc import Iterator
from dataclasses import asdict

from dicomsniff.association.gets import Get
from dicomsniff.association.links import Link, Linker, Series
from dicomsniff.association.moves import Delivery, Move
from dicomsniff.association.normalized_links import Workflow
from dicomsniff.export import Json, direction
from dicomsniff.findings.retrieve import explain_move
from dicomsniff.quantities import timestamp
from dicomsniff.words.links import link_text


def links_json(links: Linker, digits: int) -> Iterator[Json]:
    """Yield an object per group of messages or associations that belong together."""
    for link in links.links():
        yield {"relation": link.kind, **_about_json(link, digits)}


def _about_json(link: Link, digits: int) -> Json:
    if isinstance(link.about, Delivery):
        return _delivery_json(link.about, digits)
    text = {"text": link_text(link)}
    match link.about:
        case Move() as move:
            return text | _move_json(move, digits)
        case Get() as get:
            return text | _get_json(get)
        case Workflow() as workflow:
            return text | _workflow_json(workflow, digits)
        case Series() as series:
            return text | _series_json(series, digits)


def _move_json(move: Move, digits: int) -> Json:
    return {
        "explanation": explain_move(move) or None,
        "association": move.association,
        "message_number": move.message,
        "message_id": move.message_id,
        "destination": move.destination,
        "status": move.status,
        "sub_operations": move.counters,
        "deliveries": [_delivery_json(delivery, digits) for delivery in move.deliveries],
        "unconnected": [asdict(each) | {"time": timestamp(each.time, digits)} for each in move.unconnected],
    }


def _delivery_json(delivery: Delivery, digits: int) -> Json:
    stores = delivery.stores
    return {
        "association": delivery.association,
        "how": delivery.how or None,
        "guessed": delivery.guessed,
        "start_time": timestamp(delivery.start, digits),
        "outcome": delivery.outcome,
        "stores": stores.asked,
        "kept": stores.kept,
        "unanswered": stores.unanswered,
        "first_message_number": stores.first_message or None,
        "last_message_number": stores.last_message or None,
        "originator": list(delivery.originator) if delivery.originator else None,
    }


def _get_json(get: Get) -> Json:
    said = asdict(get)
    del said["span"]
    return {"kept": get.kept, "message_number": said.pop("message"), **said}


def _workflow_json(workflow: Workflow, digits: int) -> Json:
    steps = [asdict(step) for step in workflow.steps]
    for step in steps:
        step["message_number"] = step.pop("message")
        del step["span"], step["instances"], step["transaction"]
        step["time"] = timestamp(step["time"], digits)
        step["direction"] = direction(step.pop("side"))
    said: Json = {"key": workflow.key, "steps": steps}
    return said | ({"unlisted": workflow.unlisted} if workflow.unlisted else {})


def _series_json(series: Series, digits: int) -> Json:
    times = {"start": timestamp(series.start, digits), "end": timestamp(series.end, digits)}
    return asdict(series) | times | {"largest_pause": series.largest_pause / 1e9, "overhead": series.overhead / 1e9}
