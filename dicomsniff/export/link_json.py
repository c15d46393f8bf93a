"""What belongs together -> JSON."""

from collections.abc import Iterator
from dataclasses import asdict

from dicomsniff.association.links import Linker, Series
from dicomsniff.association.moves import Delivery, Move
from dicomsniff.association.normalized_links import Workflow
from dicomsniff.export import Json, direction
from dicomsniff.export.link_words import get_text, move_text, series_text, thread_text
from dicomsniff.findings.retrieve import explain_move
from dicomsniff.quantities import timestamp


def links_json(links: Linker, digits: int) -> Iterator[Json]:
    """Yield an object per group of messages or associations that belong together."""
    for move in links.moves():
        yield _move_json(move, digits)
    for delivery in links.stray_deliveries():
        yield {"relation": "delivery without its C-MOVE", **_delivery_json(delivery, digits)}
    for get in links.gets():
        said = asdict(get)
        del said["span"]
        yield {
            "relation": "C-GET",
            "text": get_text(get),
            "kept": get.kept,
            "message_number": said.pop("message"),
            **said,
        }
    for workflow in links.workflows():
        yield _thread_json(workflow, digits)
    for series in links.series():
        yield _series_json(series, digits)


def _move_json(move: Move, digits: int) -> Json:
    return {
        "relation": "C-MOVE",
        "text": move_text(move),
        "explanation": explain_move(move) or None,
        "association": move.association,
        "message_number": move.message,
        "message_id": move.message_id,
        "destination": move.destination,
        "status": move.status,
        "sub_operations": move.counters,
        "deliveries": [_delivery_json(delivery, digits) for delivery in move.deliveries],
        "unconnected": [
            {"source": each.source, "target": each.target, "time": timestamp(each.time, digits), "how": each.how}
            for each in move.unconnected
        ],
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


def _thread_json(workflow: Workflow, digits: int) -> Json:
    steps = [asdict(step) for step in workflow.steps]
    for step in steps:
        step["message_number"] = step.pop("message")
        del step["span"], step["instances"], step["transaction"]
        step["time"] = timestamp(step["time"], digits)
        step["direction"] = direction(step.pop("side"))
    said: Json = {"relation": str(workflow.kind), "text": thread_text(workflow), "key": workflow.key, "steps": steps}
    return said | ({"unlisted": workflow.unlisted} if workflow.unlisted else {})


def _series_json(series: Series, digits: int) -> Json:
    times = {"start": timestamp(series.start, digits), "end": timestamp(series.end, digits)}
    durations = {"largest_pause": series.largest_pause / 1e9, "overhead": series.overhead / 1e9}
    return (
        {"relation": "associations between the same ends", "text": series_text(series), **asdict(series)}
        | times
        | durations
    )
