"""PDUs written by pynetdicom's own classes decode to the values given to it."""

import pytest
from pynetdicom import pdu, pdu_primitives
from pynetdicom.presentation import PresentationContext

from dicomsniff.pdu.decode import decode_control_pdu
from dicomsniff.pdu.types import (
    Abort,
    AssociateRj,
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ContextResult,
    ExtendedNegotiation,
    ProposedContext,
    ReleaseRp,
    ReleaseRq,
    RoleSelection,
    UserIdentity,
    UserIdentityResponse,
    UserInformation,
)
from dicomsniff.span import Span

SPAN = Span(1, 1, 0, 0, 24)
CT, MR, VERIFICATION = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.1.1"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


def primitive(kind: type, **values: object) -> object:
    made = kind()
    for name, value in values.items():
        setattr(made, name, value)
    return made


COMMON_ITEMS = [
    primitive(pdu_primitives.MaximumLengthNotification, maximum_length_received=31682),
    primitive(pdu_primitives.ImplementationClassUIDNotification, implementation_class_uid="1.2.826.0.1.9"),
    primitive(pdu_primitives.ImplementationVersionNameNotification, implementation_version_name="PYNETDICOM_3"),
    primitive(
        pdu_primitives.AsynchronousOperationsWindowNegotiation,
        maximum_number_operations_invoked=5,
        maximum_number_operations_performed=7,
    ),
    primitive(pdu_primitives.SCP_SCU_RoleSelectionNegotiation, sop_class_uid=CT, scu_role=True, scp_role=True),
    primitive(pdu_primitives.SCP_SCU_RoleSelectionNegotiation, sop_class_uid=MR, scu_role=False, scp_role=True),
    primitive(
        pdu_primitives.SOPClassExtendedNegotiation,
        sop_class_uid=CT,
        service_class_application_information=b"\x02\x00\x03\x00\x01\x00",
    ),
]
COMMON = {
    "max_pdu_length": 31682,
    "implementation_class_uid": "1.2.826.0.1.9",
    "implementation_version_name": "PYNETDICOM_3",
    "asynchronous_operations_window": AsynchronousOperationsWindow(5, 7),
    "roles": (RoleSelection(CT, 1, 1), RoleSelection(MR, 0, 1)),
    "extended": (ExtendedNegotiation(CT, b"\x02\x00\x03\x00\x01\x00"),),
}


def context(number: int, abstract: str, transfer: list[str], result: int | None = None) -> PresentationContext:
    made = PresentationContext()
    made.context_id, made.abstract_syntax, made.transfer_syntax = number, abstract, transfer
    if result is not None:
        made.result = result
    return made


def associate(**values: object) -> pdu_primitives.A_ASSOCIATE:
    return primitive(
        pdu_primitives.A_ASSOCIATE,
        application_context_name="1.2.840.10008.3.1.1.1",
        calling_ae_title="PYNETDICOM",
        called_ae_title="ANY SCP",
        **values,
    )


def encode(kind: type, values: object) -> bytes:
    made = kind()
    made.from_primitive(values)
    return made.encode()


@pytest.mark.parametrize("identity", [1, 2, 3, 4, 5])
def test_an_association_request_with_every_sub_item_decodes_equally(identity):
    secondary = b"secret" if identity == 2 else b""
    items = [
        *COMMON_ITEMS,
        primitive(
            pdu_primitives.SOPClassCommonExtendedNegotiation,
            sop_class_uid=CT,
            service_class_uid="1.2.840.10008.4.2",
            related_general_sop_class_identification=[MR, "1.2.840.10008.5.1.4.1.1.88.22"],
        ),
        primitive(
            pdu_primitives.UserIdentityNegotiation,
            user_identity_type=identity,
            primary_field=b"someone",
            secondary_field=secondary,
            positive_response_requested=True,
        ),
    ]
    contexts = [context(1, VERIFICATION, [IMPLICIT]), context(3, CT, [EXPLICIT, IMPLICIT])]
    data = encode(
        pdu.A_ASSOCIATE_RQ,
        associate(presentation_context_definition_list=contexts, user_information=items),
    )
    found = decode_control_pdu(data[0], data[6:], SPAN)
    assert (found.called_ae_title, found.calling_ae_title) == ("ANY SCP", "PYNETDICOM")
    assert found.application_context_name == "1.2.840.10008.3.1.1.1"
    assert found.protocol_version == 1
    assert found.contexts == (
        ProposedContext(1, VERIFICATION, (IMPLICIT,)),
        ProposedContext(3, CT, (EXPLICIT, IMPLICIT)),
    )
    assert found.user_information == UserInformation(
        **COMMON,
        common_extended=(CommonExtendedNegotiation(CT, "1.2.840.10008.4.2", (MR, "1.2.840.10008.5.1.4.1.1.88.22")),),
        identity=UserIdentity(identity, 1, b"someone", secondary),
    )
    assert (found.problem, found.unknown, found.length) == ("", (), len(data) - 6)


def test_an_association_acceptance_with_every_sub_item_decodes_equally():
    items = [*COMMON_ITEMS, primitive(pdu_primitives.UserIdentityNegotiation, server_response=b"ticket")]
    contexts = [context(1, VERIFICATION, [IMPLICIT], 0), context(3, CT, [EXPLICIT], 4)]
    data = encode(
        pdu.A_ASSOCIATE_AC,
        associate(presentation_context_definition_results_list=contexts, user_information=items, result=0),
    )
    found = decode_control_pdu(data[0], data[6:], SPAN)
    assert (found.called_ae_title, found.calling_ae_title) == ("ANY SCP", "PYNETDICOM")
    assert [(result.id, result.result) for result in found.contexts] == [(1, 0), (3, 4)]
    assert found.contexts[0] == ContextResult(1, 0, IMPLICIT)
    assert found.user_information == UserInformation(**COMMON, identity_response=UserIdentityResponse(b"ticket"))
    assert not found.problem


@pytest.mark.parametrize(
    ("result", "source", "reason"),
    [(result, 1, reason) for result in (1, 2) for reason in (1, 2, 3, 7)]
    + [(1, 2, 1), (1, 2, 2), (2, 3, 1), (2, 3, 2)],
)
def test_a_rejection_decodes_equally(result, source, reason):
    values = associate(result=result, result_source=source, diagnostic=reason)
    data = encode(pdu.A_ASSOCIATE_RJ, values)
    assert decode_control_pdu(data[0], data[6:], SPAN) == AssociateRj(SPAN, 4, result, source, reason)


def test_release_decodes_equally():
    request = encode(pdu.A_RELEASE_RQ, pdu_primitives.A_RELEASE())
    response = encode(pdu.A_RELEASE_RP, primitive(pdu_primitives.A_RELEASE, result="affirmative"))
    assert decode_control_pdu(request[0], request[6:], SPAN) == ReleaseRq(SPAN, 4)
    assert decode_control_pdu(response[0], response[6:], SPAN) == ReleaseRp(SPAN, 4)


@pytest.mark.parametrize("reason", [0, 1, 2, 4, 5, 6])
def test_an_abort_decodes_equally(reason):
    data = encode(pdu.A_ABORT_RQ, primitive(pdu_primitives.A_P_ABORT, provider_reason=reason))
    assert decode_control_pdu(data[0], data[6:], SPAN) == Abort(SPAN, 4, 2, reason)
    data = encode(pdu.A_ABORT_RQ, primitive(pdu_primitives.A_ABORT, abort_source=0))
    assert decode_control_pdu(data[0], data[6:], SPAN) == Abort(SPAN, 4, 0, 0)
