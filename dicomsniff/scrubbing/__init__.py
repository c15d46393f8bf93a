"""A capture -> the same without what identifies somebody, to be shared: packet by packet, each as long as before.

The capture is read twice. First it is analyzed as ever: `watching` sees each PDU and message with its place in its
stream, `negotiation` and `commands` say what of it may be shown, `plan` keeps that, for associations that were chosen.
What is not in the plan is overwritten with zeros: bytes that nobody understood are never shown. Then `copying` goes
through the packets again: `frames` finds where in a frame which bytes of a stream are, `streams` overwrites them, and
`checksums` are put right.
"""
