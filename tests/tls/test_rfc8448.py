"""The resumed 0-RTT handshake of RFC 8448 §4, record by record."""

from dicomsniff.tls.events import Alert, Plaintext, TlsProblem
from dicomsniff.tls.peer import CLIENT, SERVER
from dicomsniff.tls.schedule import traffic_keys
from dicomsniff.tls.suites import find_suite
from tls_sessions import decode, read, with_keylog

CLIENT_RANDOM = "1bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649d7b4bc419d7876487d95"
CLIENT_HELLO = f"""
16 03 01 02 00 01 00 01 fc 03 03 {CLIENT_RANDOM}
00 00 06 13 01 13 03 13 02 01 00 01 cd 00 00 00 0b 00 09 00 00 06 73 65 72 76 65 72 ff 01 00 01
00 00 0a 00 14 00 12 00 1d 00 17 00 18 00 19 01 00 01 01 01 02 01 03 01 04 00 33 00 26 00 24 00 1d 00 20
e4 ff b6 8a c0 5f 8d 96 c9 9d a2 66 98 34 6c 6b e1 64 82 ba dd da fe 05 1a 66 b4 f1 8d 66 8f 0b
00 2a 00 00 00 2b 00 03 02 03 04 00 0d 00 20 00 1e 04 03 05 03 06 03 02 03 08 04 08 05 08 06 04 01 05 01
06 01 02 01 04 02 05 02 06 02 02 02 00 2d 00 02 01 01 00 1c 00 02 40 01 00 15 00 57 {"00" * 87}
00 29 00 dd 00 b8 00 b2 2c 03 5d 82 93 59 ee 5f f7 af 4e c9 00 00 00 00 26 2a 64 94 dc 48 6d 2c 8a 34 cb
33 fa 90 bf 1b 00 70 ad 3c 49 88 83 c9 36 7c 09 a2 be 78 5a bc 55 cd 22 60 97 a3 a9 82 11 72 83 f8 2a 03
a1 43 ef d3 ff 5d d3 6d 64 e8 61 be 7f d6 1d 28 27 db 27 9c ce 14 50 77 d4 54 a3 66 4d 4e 6d a4 d2 9e e0
37 25 a6 a4 da fc d0 fc 67 d2 ae a7 05 29 51 3e 3d a2 67 7f a5 90 6c 5b 3f 7d 8f 92 f2 28 bd a4 0d da 72
14 70 f9 fb f2 97 b5 ae a6 17 64 6f ac 5c 03 27 2e 97 07 27 c6 21 a7 91 41 ef 5f 7d e6 50 5e 5b fb c3 88
e9 33 43 69 40 93 93 4a e4 d3 57 fa d6 aa cb 00 21 20 3a dd 4f b2 d8 fd f8 22 a0 ca 3c f7 67 8e f5 e8 8d
ae 99 01 41 c5 92 4d 57 bb 6f a3 1b 9e 5f 9d
"""
EARLY_DATA = "17 03 03 00 17 ab 1d f4 20 e7 5c 45 7a 7c c5 d2 84 4f 76 d5 ae e4 b4 ed bf 04 9b e0"
SERVER_HELLO = """
16 03 03 00 60 02 00 00 5c 03 03 3c cf d2 de c8 90 22 27 63 47 2a e8 13 67 77 c9 d7 35 87 77 bb 66
e9 1e a5 12 24 95 f5 59 ea 2d 00 13 01 00 00 34 00 29 00 02 00 00 00 33 00 24 00 1d 00 20
12 17 61 ee 42 c3 33 e1 b9 e7 7b 60 dd 57 c2 05 3c d9 45 12 ab 47 f1 15 e8 6e ff 50 94 2c ea 31
00 2b 00 02 03 04
"""
EXTENSIONS_TO_FINISHED = """
17 03 03 00 61 dc 48 23 7b 4b 87 9f 50 d0 d4 d2 62 ea 8b 47 16 eb 40 dd c1 eb 95 7e 11 12 6e 8a 71
49 c2 d0 12 d3 7a 71 15 95 7e 64 ce 30 00 8b 9e 03 23 f2 c0 5a 9c 1c 77 b4 f3 78 49 a6 95 ab 25 50 60
a3 3f ee 77 0c a9 5c b8 48 6b fd 08 43 b8 70 24 86 5c a3 5c c4 1c 4e 51 5c 64 dc b1 36 9f 98 63 5b c7 a5
"""
END_OF_EARLY_DATA = "17 03 03 00 15 ac a6 fc 94 48 41 29 8d f9 95 93 72 5f 9b f9 75 44 29 b1 2f 09"
CLIENT_FINISHED = """
17 03 03 00 35 00 f8 b4 67 d1 4c f2 2a 4b 3f 0b 6a e0 d8 e6 cc 8d 08 e0 db 35 15 ef 5c 2b df 19 22
ea fb b7 00 09 96 47 16 d8 34 fb 70 c3 d2 a5 6c 5b 1f 5f 6b db a6 c3 33 cf
"""
CLIENT_DATA = """
17 03 03 00 43 b1 ce bc e2 42 aa 20 1b e9 ae 5e 1c b2 a9 aa 4b 33 d4 e8 66 af 1e db 06 89 19 23 77
41 aa 03 1d 7a 74 d4 91 c9 9b 9d 4e 23 2b 74 20 6b c6 fb aa 04 fe 78 be 44 a9 b4 f5 43 20 a1 7e b7 69 92
af ac 31 03
"""
SERVER_DATA = """
17 03 03 00 43 27 5e 9f 20 ac ff 57 bc 00 06 57 d3 86 7d f0 39 cc cf 79 04 78 84 cf 75 77 17 46 f7
40 b5 a8 3f 46 2a 09 54 c3 58 13 93 a2 03 a2 5a 7d d1 41 41 ef 1a 37 90 0c db 62 ff 62 de e1 ba 39 ab 25
90 cb f1 94
"""
CLIENT_ALERT = "17 03 03 00 13 0f ac ce 32 46 bd fc 63 69 83 8d 6a 82 ae 6d e5 d4 22 dc"
SERVER_ALERT = "17 03 03 00 13 5b 18 af 44 4e 8e 1e ec 71 58 fb 62 d8 f2 57 7d 37 ba 5d"
SENT = [
    (peer, bytes.fromhex(record))
    for peer, record in (
        (CLIENT, CLIENT_HELLO),
        (CLIENT, EARLY_DATA),
        (SERVER, SERVER_HELLO),
        (SERVER, EXTENSIONS_TO_FINISHED),
        (CLIENT, END_OF_EARLY_DATA),
        (CLIENT, CLIENT_FINISHED),
        (CLIENT, CLIENT_DATA),
        (SERVER, SERVER_DATA),
        (CLIENT, CLIENT_ALERT),
        (SERVER, SERVER_ALERT),
    )
]
EARLY_SECRET = "3fbbe6a60deb66c30a32795aba0eff7eaa10105586e7be5c09678d63b6caab62"
KEYLOG = f"""
CLIENT_EARLY_TRAFFIC_SECRET {CLIENT_RANDOM} {EARLY_SECRET}
CLIENT_HANDSHAKE_TRAFFIC_SECRET {CLIENT_RANDOM} 2faac08f851d35fea3604fcb4de82dc62c9b164a70974d0462e27f1ab278700f
SERVER_HANDSHAKE_TRAFFIC_SECRET {CLIENT_RANDOM} fe927ae271312e8bf0275b581c54eef020450dc4ecffaa05a1a35d27518e7803
CLIENT_TRAFFIC_SECRET_0 {CLIENT_RANDOM} 2abbf2b8e381d23dbebe1dd2a7d16a8bf484cb4950d23fb7fb7fa8547062d9a1
SERVER_TRAFFIC_SECRET_0 {CLIENT_RANDOM} cc21f1bf8feb7dd5fa505bd9c4b468a9984d554a993dc49e6d285598fb672691
""".encode()


def test_every_record_opens():
    decoder, events = decode(SENT, with_keylog(KEYLOG))
    assert read(events) == {CLIENT: b"ABCDEF" + bytes(range(50)), SERVER: bytes(range(50))}
    assert [(e.peer, e.level, e.description) for e in events if isinstance(e, Alert)] == [
        (CLIENT, 1, 0),
        (SERVER, 1, 0),
    ]
    assert not [event for event in events if isinstance(event, TlsProblem)]
    session = decoder.session
    assert (session.version, session.suite, session.group) == (0x0304, 0x1301, 29)
    assert (session.resumed, session.early_data_offered, session.early_data) == ("PSK", True, True)
    assert (session.server_name, session.client_random.hex()) == ("server", CLIENT_RANDOM)
    assert session.finished == {CLIENT, SERVER}


def test_early_data_waits_for_the_server_to_take_it():
    _, events = decode(SENT[:3], with_keylog(KEYLOG), close=False)
    assert not events
    _, events = decode(SENT[:4], with_keylog(KEYLOG), close=False)
    assert [event.data for event in events if isinstance(event, Plaintext)] == [b"ABCDEF"]


def test_traffic_keys_are_derived():
    keys = traffic_keys(bytes.fromhex(EARLY_SECRET), find_suite(0x1301))
    assert (keys.key.hex(), keys.iv.hex()) == ("920205a5b7bf2115e6fc5c2942834f54", "6d475f0993c8e564610db2b9")
