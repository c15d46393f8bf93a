"""Real peers for the tests: `peers.py scp ADDRESS PORT` serves one association, `scu` asks for it."""

import sys
import threading

from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification


def serve(address: str, port: int) -> None:
    done = threading.Event()
    ae = AE(ae_title="LIVESCP")
    ae.add_supported_context(Verification)
    server = ae.start_server(
        (address, port), block=False, evt_handlers=[(evt.EVT_CONN_CLOSE, lambda _: done.set())], ae_title="LIVESCP"
    )
    print(f"ready {server.server_address[1]}", flush=True)
    done.wait(30)
    server.shutdown()


def ask(address: str, port: int) -> None:
    ae = AE(ae_title="LIVESCU")
    ae.add_requested_context(Verification)
    association = ae.associate(address, port, ae_title="LIVESCP")
    assert association.is_established
    assert association.send_c_echo().Status == 0
    association.release()


if __name__ == "__main__":
    role, address, port = sys.argv[1:]
    {"scp": serve, "scu": ask}[role](address, int(port))
