"""What belongs together -> JSON."""

from collections.abc import Iterable, Iterator

from msgspec.structs import asdict

from dicomsniff.association.deliveries import Delivery
from dicomsniff.association.gets import Get
from dicomsniff.association.links import Link, Series
from dicomsniff.association.moves import Move
from dicomsniff.association.normalized_links import Workflow
from dicomsniff.export import Json, direction
from dicomsniff.findings.parts import shown, the_key
from dicomsniff.findings.retrieve import why_less
from dicomsniff.privacy.gate import Gate
from dicomsniff.quantities import timestamp
from dicomsniff.words.links import link_text


def links_json(links: Iterable[Link], digits: int, gate: Gate) -> Iterator[Json]:
    """Yield an object per group of messages or associations that belong together."""
    for link in links:
        about = _about_json(link, digits, gate)
        yield {"relation": link.kind, "text": shown(link_text(link), gate)} | about


def _about_json(link: Link, digits: int, gate: Gate) -> Json:
    match link.about:
        case Move() as move:
            return _move_json(move, digits, gate)
        case Delivery() as delivery:
            return _delivery_json(delivery, digits, gate)
        case Get() as get:
            return _get_json(get)
        case Workflow() as workflow:
            return _workflow_json(workflow, digits, gate)
        case Series() as series:
            return _series_json(series, digits, gate)


def _move_json(move: Move, digits: int, gate: Gate) -> Json:
    return {
        "explanation": shown(why_less(move), gate) or None,
        "association": move.association,
        "message_number": move.message,
        "message_id": move.message_id,
        "destination": gate.title(move.destination or "") or None,
        "status": move.status,
        "sub_operations": move.counters,
        "deliveries": [_delivery_json(delivery, digits, gate) for delivery in move.deliveries],
        "unconnected": [
            {
                "source": gate.address(each.source),
                "target": gate.endpoint(each.target),
                "time": timestamp(each.time, digits),
                "how": each.how,
            }
            for each in move.unconnected
        ],
    }


def _delivery_json(delivery: Delivery, digits: int, gate: Gate) -> Json:
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
        "originator": [gate.title(delivery.originator[0]), delivery.originator[1]] if delivery.originator else None,
    }


def _get_json(get: Get) -> Json:
    said = asdict(get)
    del said["span"]
    return {"kept": get.kept, "message_number": said.pop("message"), **said}


def _workflow_json(workflow: Workflow, digits: int, gate: Gate) -> Json:
    steps = [asdict(step) for step in workflow.steps]
    for step in steps:
        step["message_number"] = step.pop("message")
        del step["span"], step["instances"], step["few"], step["transaction"], step["message_id"]
        step["time"] = timestamp(step["time"], digits)
        step["direction"] = direction(step.pop("side"))
        step["sop_class_uid"] = gate.uid_or_none(step["sop_class_uid"])
    said: Json = {"key": shown(the_key(workflow.key, workflow.associations[0]), gate), "steps": steps}
    return said | ({"unlisted": workflow.unlisted} if workflow.unlisted else {})


def _series_json(series: Series, digits: int, gate: Gate) -> Json:
    times = {"start": timestamp(series.start, digits), "end": timestamp(series.end, digits)}
    ends: Json = {"source": gate.endpoint(series.source), "target": gate.endpoint(series.target)}
    titles = {"calling_ae_title": series.calling_ae_title, "called_ae_title": series.called_ae_title}
    ends |= {name: gate.title(title) if title is not None else None for name, title in titles.items()}
    return (
        asdict(series) | ends | times | {"largest_pause": series.largest_pause / 1e9, "overhead": series.overhead / 1e9}
    )
