"""Index only: the library's pipeline over a capture without any view; prints what it found as JSON.

index.py CAPTURE [--no-findings]
"""

import json
import sys

from dicomsniff.capture.reader import CaptureReader
from dicomsniff.engine.analyzer import Analyzer

reader, analyzer = CaptureReader(sys.argv[1]), Analyzer(findings="--no-findings" not in sys.argv)
for batch in reader.batches():
    analyzer.feed(batch)
analyzer.close()
# Tallies count also what is not listed; associations beyond the analyzer's limit are forgotten with theirs.
tallies = [association.message_counts for association in analyzer.associations]
found = {
    "associations": analyzer.association_count,
    "messages": sum(message_counts.messages for message_counts in tallies),
    "stored": sum(
        count
        for message_counts in tallies
        for (service, _, status), count in message_counts.statuses.items()
        if (service, status) == ("C-STORE", 0)
    ),
    "truncated": reader.truncated,
}
print(json.dumps(found))
