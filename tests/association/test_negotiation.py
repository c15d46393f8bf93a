"""Presentation contexts: proposed, answered, and both together (PS3.8 §9.3.3.2)."""

import pytest

import build
from dicomsniff.association import negotiation
from dicomsniff.association.negotiation import PresentationContext, negotiated_contexts
from dicomsniff.pdu.decode import decode_control_pdu
from dicomsniff.span import Span

CT, IMPLICIT, EXPLICIT = build.CT_IMAGE_STORAGE, build.IMPLICIT, build.EXPLICIT


def decode(data: bytes):
    return decode_control_pdu(data[0], data[6:], Span(1, 1, 0, 0, 24))


def merge(proposals: list[bytes], answers: list[bytes]) -> list[PresentationContext]:
    request = decode(build.associate(1, proposals, None, "B", "A"))
    return list(negotiated_contexts(request, decode(build.associate(2, answers, None, "B", "A"))).values())


def test_an_accepted_context_has_the_syntax_chosen():
    (context,) = merge([build.proposal(1, CT, [EXPLICIT, IMPLICIT])], [build.answer(1, 0, IMPLICIT)])
    assert context == PresentationContext(1, CT, (EXPLICIT, IMPLICIT), 0, IMPLICIT)
    assert context.accepted


@pytest.mark.parametrize("result", [1, 2, 3, 4, 99])
def test_the_syntax_of_a_refused_context_means_nothing(result):
    (context,) = merge([build.proposal(1)], [build.answer(1, result, EXPLICIT)])
    assert (context.result, context.transfer_syntax, context.accepted) == (result, None, False)


def test_a_context_without_an_answer_has_no_result():
    first, second = merge([build.proposal(1), build.proposal(3)], [build.answer(3)])
    assert (first.result, first.accepted, second.accepted) == (None, False, True)


def test_an_answer_without_a_proposal_has_no_abstract_syntax():
    first, second = merge([build.proposal(1)], [build.answer(1), build.answer(7)])
    assert first.accepted
    assert second == PresentationContext(7, None, (), 0, IMPLICIT)


def test_contexts_keep_the_order_proposed_whatever_the_order_of_answers():
    numbers = [5, 1, 3]
    found = merge([build.proposal(n) for n in numbers], [build.answer(n) for n in (3, 1, 5)])
    assert [context.id for context in found] == numbers


def test_of_a_context_proposed_twice_the_first_counts():
    (context,) = merge([build.proposal(1, CT), build.proposal(1, build.VERIFICATION)], [build.answer(1)])
    assert context.abstract_syntax == CT


def test_128_contexts_are_merged():
    numbers = range(1, 256, 2)
    found = merge([build.proposal(n) for n in numbers], [build.answer(n, n % 5) for n in numbers])
    assert [(context.id, context.result) for context in found] == [(n, n % 5) for n in numbers]


def test_a_negotiation_that_takes_much_memory_is_not_remembered(monkeypatch):
    monkeypatch.setattr(negotiation, "LONGEST_KNOWN", 100)
    before = negotiation._known.cache_info().currsize
    for number in range(3):
        syntaxes = [f"1.2.{number}"] * 20
        (context,) = merge([build.proposal(1, CT, syntaxes)], [build.answer(1)])
        assert context.proposed_transfer_syntaxes == tuple(syntaxes)
    assert negotiation._known.cache_info().currsize == before
