#!/usr/bin/env python3
"""Make a capture to measure with, and CAPTURE.expect.json beside it: what must be found in it.

make_capture.py CAPTURE --size 1000            C-STORE traffic, about 1000 MB
make_capture.py CAPTURE --kind never-closed    a hostile capture
make_capture.py CAPTURE --kind vlan            a kind of traffic that compare.py measures
"""

import argparse
import os
import sys
import time

from recorded import RecordingError, record_capture, what_is_missing
from synthetic import write_capture
from traffic import TRAFFIC

from hostile import HOSTILE, write_hostile

C_STORE = "c-store"


def main() -> int:
    """Make what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture", metavar="CAPTURE")
    parser.add_argument("--size", type=float, default=100, metavar="MB", help="megabytes of C-STORE traffic (100)")
    parser.add_argument("--kind", choices=[C_STORE, *HOSTILE, *TRAFFIC], default=C_STORE)
    parser.add_argument("--count", type=int, metavar="N", help="how many of what the kind counts")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--synthetic", action="store_true", help="write packets instead of recording them")
    how.add_argument("--recorded", action="store_true", help="record real traffic, or fail")
    args = parser.parse_args()
    if args.count is not None and (args.kind == C_STORE or args.count < 1):
        parser.error("--count is for other kinds than c-store, and at least 1")
    if args.recorded and args.kind != C_STORE:
        parser.error("other kinds than c-store are always synthetic")
    reason = what_is_missing()
    if args.recorded and reason:
        parser.error(f"recording {reason}")
    synthetic = args.synthetic or bool(reason)
    if synthetic and not args.synthetic and args.kind == C_STORE:
        print(f"recording {reason}: the capture is synthetic", file=sys.stderr)
    began = time.monotonic()
    try:
        if args.kind in TRAFFIC:
            kind = TRAFFIC[args.kind]
            how_made, expected = "synthetic", kind.write(args.capture, args.count or kind.count)
        elif args.kind != C_STORE:
            how_made, expected = "synthetic", write_hostile(args.capture, args.kind, args.count)
        elif synthetic:
            how_made, expected = "synthetic", write_capture(args.capture, int(args.size * 1_000_000))
        else:
            how_made, expected = "recorded", record_capture(args.capture, int(args.size * 1_000_000))
    except RecordingError as error:
        print(f"make_capture: {error}", file=sys.stderr)
        return 1
    expected.write(args.capture)
    size, lasted = os.path.getsize(args.capture) / 1e6, time.monotonic() - began
    print(
        f"{args.capture}: {size:.1f} MB, {args.kind}, {how_made}, {expected.associations} associations, "
        f"{expected.messages} messages, in {lasted:.0f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
