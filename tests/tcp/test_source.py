"""What offsets of a TCP stream count in."""

import pickle

from dicomsniff.span import Span
from dicomsniff.tcp.source import TcpSource
from dicomsniff.tcp.stream import Stream
from pipeline import FLOW


def test_a_source_that_was_asked_for_early_follows_where_the_stream_is_found_to_begin():
    stream = Stream(FLOW, 1000, 0)
    source = stream.source
    stream.anchor(900)
    assert source.initial_sequence == 900
    assert stream.source is source


def test_sources_are_equal_where_they_are_the_same_bytes():
    source = TcpSource(FLOW, 7)
    assert pickle.loads(pickle.dumps(source)) == source
    assert len({source, TcpSource(FLOW, 7), TcpSource(FLOW, 8), TcpSource(FLOW[::-1], 7)}) == 3
    assert source != (FLOW, 7)


def test_bytes_of_tcp_lie_where_they_are():
    span = Span(3, 4, 30, 40, 24, TcpSource(FLOW, 0), 10, 20, 3)
    assert span.source.locate(span) == [span]
