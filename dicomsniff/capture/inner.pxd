# What the names of inner.py are to a machine. Lengths and places are 64 bits wide, so that nothing that a capture says
# overflows, and times, which in pcapng may be any number, are Python's; bytes are read with a check of their bounds.

cimport cython

cdef bint COMPILED

cdef inline unsigned int _long(bytes data, Py_ssize_t at) except? 0
cdef inline unsigned int _in_order(bytes data, Py_ssize_t at, bint is_big) except? 0
cdef inline unsigned int _word(bytes data, Py_ssize_t at) except? 0
@cython.locals(each=Py_ssize_t)
cdef inline bint _same(bytes data, Py_ssize_t at, bytes other, Py_ssize_t place, Py_ssize_t count) except -1

cdef inline bint _is_of(
    bytes data, Py_ssize_t addresses, Py_ssize_t tcp, bytes flow, Py_ssize_t width
) except -1

@cython.locals(
    data=bytes, starts=list, compiled=bint, at=Py_ssize_t, tcp_at=Py_ssize_t, body=Py_ssize_t, width=Py_ssize_t,
    is_v6=bint, addresses_at=Py_ssize_t, length_at=Py_ssize_t, found=list, pauses=list, matters=bint,
    since=Py_ssize_t, until=Py_ssize_t, before=Py_ssize_t, size=Py_ssize_t, taken="long long",
    sent="long long",
    index=Py_ssize_t, start=Py_ssize_t, tcp=Py_ssize_t, length=Py_ssize_t, seq="unsigned int", control="unsigned int",
    is_data=bint, is_answer=bint,
)
cpdef list turns(
    batch, shape, bytes flow, bytes answers, Py_ssize_t first, Py_ssize_t last, latest
)


cdef class PcapLayout:
    cdef readonly Py_ssize_t header
    cdef long long _fraction
    cdef bint _is_big
    cdef object _read_time, _read_captured

    @cython.locals(at=Py_ssize_t, seconds="long long", part="long long")
    cpdef long long time(self, bytes data, Py_ssize_t start) except? -1

    @cython.locals(
        starts=list, ends=list, header=Py_ssize_t, last=Py_ssize_t, excess=Py_ssize_t, is_big=bint, compiled=bint,
        furthest=Py_ssize_t, start=Py_ssize_t, end=Py_ssize_t,
    )
    cpdef tuple records(self, bytes data, Py_ssize_t at)


cdef class Express:
    cdef object _batch, _find, _counted, _outer
    cdef readonly object shape
    cdef readonly list passed, trails
    cdef bytes _data
    cdef list _starts, _ends
    cdef tuple _expected, _outer_at
    cdef Py_ssize_t _first, _at, _tcp, _body, _length, _addresses, _width
    cdef bint _is_v6
    cdef unsigned int _type_mask, _kind, _protocol_mask, _protocol, _seq, _control

    cpdef enter(self, shape)

    @cython.locals(
        data=bytes, starts=list, ends=list, total=Py_ssize_t, tcp_at=Py_ssize_t, body=Py_ssize_t, compiled=bint,
        at=Py_ssize_t, type_mask="unsigned int", kind="unsigned int", protocol_mask="unsigned int",
        protocol="unsigned int", start=Py_ssize_t, seen="unsigned int", length=Py_ssize_t, carried="unsigned int",
        seq="unsigned int", control="unsigned int", tcp=Py_ssize_t, first=Py_ssize_t, last=Py_ssize_t,
        until="long long", flow=bytes, known=bytes, is_known=bint,
        addresses_at=Py_ssize_t, width=Py_ssize_t,
    )
    cpdef Py_ssize_t take(self, Py_ssize_t index) except -1

    @cython.locals(
        data=bytes, kept=list, offset="long long", until="long long", reached="long long", number=Py_ssize_t,
    )
    cdef long long _begin(
        self, state, skip, Py_ssize_t index, Py_ssize_t first, Py_ssize_t last, Py_ssize_t end
    ) except -1

    @cython.locals(
        data=bytes, starts=list, ends=list, total=Py_ssize_t, at=Py_ssize_t, tcp_at=Py_ssize_t, body=Py_ssize_t,
        compiled=bint, type_mask="unsigned int", kind="unsigned int", protocol_mask="unsigned int",
        protocol="unsigned int", flow=bytes, next_seq="unsigned int", offset="long long", latest=Py_ssize_t,
        seen_at=Py_ssize_t, before=Py_ssize_t, kept=list, offsets=list, packets=list, limit="long long",
        repeat=bytes, period="long long",
        repeats=Py_ssize_t, answers=bytes, answer_seq="long long", least=Py_ssize_t, acked="unsigned int",
        answer_last=Py_ssize_t, in_flight="unsigned int", size=Py_ssize_t, reach=Py_ssize_t, start=Py_ssize_t,
        end=Py_ssize_t, seen="unsigned int", length=Py_ssize_t, carried="unsigned int", seq="unsigned int",
        control="unsigned int", is_data=bint, is_answer=bint, tcp=Py_ssize_t, first=Py_ssize_t, last=Py_ssize_t,
        reached="long long", ahead="long long", header=Py_ssize_t, ack="unsigned int", window="unsigned int",
        under_way="unsigned int", more="unsigned int", addresses_at=Py_ssize_t,
        width=Py_ssize_t,
    )
    cdef Py_ssize_t _go_on(self, run, skip, long long until, Py_ssize_t index) except -1

    @cython.locals(
        data=bytes, at=Py_ssize_t, tcp=Py_ssize_t, carried="unsigned int", each=Py_ssize_t,
    )
    cdef bint _fits(self, Py_ssize_t start) except -1

    @cython.locals(data=bytes, tcp=Py_ssize_t, addresses=Py_ssize_t)
    cdef bytes _flow(self, Py_ssize_t start)

    @cython.locals(data=bytes, tcp=Py_ssize_t)
    cdef bint _is_copy(self, Py_ssize_t start, Py_ssize_t before) except -1
