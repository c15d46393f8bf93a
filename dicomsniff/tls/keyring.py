"""What opens the records of a connection: its handshake and all secrets come in, keys of each side out."""

import hashlib
from enum import IntEnum
from typing import NamedTuple

from msgspec import Struct

from dicomsniff.dictionary.tls import TLS_1_0, TLS_1_3, version_name
from dicomsniff.dictionary.tls_suites import suite_name
from dicomsniff.quantities import counted
from dicomsniff.tls.events import Problem
from dicomsniff.tls.handshake import Handshake
from dicomsniff.tls.hellos import TICKET, ClientHello, ServerHello
from dicomsniff.tls.peer import CLIENT, Peer
from dicomsniff.tls.protection import Protection, protection
from dicomsniff.tls.schedule import extended_master_secret, key_block, master_secret, next_traffic_secret, traffic_keys
from dicomsniff.tls.secrets import MAX_SESSIONS, Found, Label, Origin, Secret, Secrets
from dicomsniff.tls.suites import READ_CIPHERS, Suite, find_suite

MAX_TRIED_SESSIONS = 16
"""Sessions whose secrets are tried on a connection whose beginning was not captured: the last ones known."""


class Epoch(IntEnum):
    """Which traffic secret protects a record of TLS 1.3 (RFC 8446 §7.1)."""

    EARLY = 0
    HANDSHAKE = 1
    APPLICATION = 2


_TRAFFIC_LABELS = {
    (CLIENT, Epoch.EARLY): Label.EARLY,
    (CLIENT, Epoch.HANDSHAKE): Label.CLIENT_HANDSHAKE,
    (CLIENT.other, Epoch.HANDSHAKE): Label.SERVER_HANDSHAKE,
    (CLIENT, Epoch.APPLICATION): Label.CLIENT_TRAFFIC,
    (CLIENT.other, Epoch.APPLICATION): Label.SERVER_TRAFFIC,
}


class Missing(NamedTuple):
    """There is nothing to open records with."""

    may_come: bool
    problem: Problem
    text: str


class Key(Struct, frozen=True, eq=False):
    """Opens records of one side; and whose it is, where that was not known before."""

    protection: Protection
    secret: Secret
    """The traffic secret, or before TLS 1.3 the master secret."""
    suite: int
    random: bytes | None
    origin: Origin


class KeyRing:
    """Finds keys for a connection. Those it returns may be the wrong ones: a record that opens settles it."""

    __slots__ = ("_before_13", "_cache", "_handshake", "_master", "_secrets", "_stamp", "is_settled")

    def __init__(self, secrets: Secrets, handshake: Handshake) -> None:
        self.is_settled = False
        """Whether a record of the connection was opened."""
        self._secrets = secrets
        self._handshake = handshake
        self._cache: dict[tuple[Peer, Epoch], list[Key]] = {}
        self._before_13: dict[Peer, list[Key]] = {}
        self._master: tuple[ServerHello, Found] | None = None
        """The master secret that opened records, and the hello that began its session."""
        self._stamp = (0, 0)

    @property
    def stamp(self) -> tuple[int, int]:
        """Changes whenever there may be keys that were missing."""
        return self._secrets.version, self._handshake.changes

    @property
    def may_grow(self) -> bool:
        """Whether more secrets may be added."""
        return not self._secrets.is_complete

    @property
    def now(self) -> int:
        """What the clock says (ns), where secrets may come at any time; else always 0."""
        return self._secrets.now

    def of_epoch(self, peer: Peer, epoch: Epoch) -> list[Key]:
        """Return the keys that may open the records of one side and epoch of TLS 1.3; none where there are none."""
        self._look_again()
        keys = self._cache.get((peer, epoch))
        if keys is None:
            keys = self._cache[peer, epoch] = self._find_traffic(peer, epoch)
        return keys

    def before_13(self, peer: Peer) -> list[Key]:
        """Return the keys that may open the records of one side after ChangeCipherSpec, before TLS 1.3."""
        self._look_again()
        if not self._before_13:
            for master in self._masters():
                self._derive(master)
        return self._before_13.get(peer, [])

    def following(self, key: Key) -> Key | None:
        """Return the key after a KeyUpdate (RFC 8446 §7.2)."""
        suite = find_suite(key.suite)
        if suite is None:
            return None
        traffic = next_traffic_secret(key.secret, suite)
        return self._traffic_key(Found(traffic, key.origin), key.suite, key.random)

    def settle(self, key: Key) -> None:
        """Take note that a key opened a record: the session is its session."""
        session, handshake = self._handshake.session, self._handshake
        if not self.is_settled:
            self.is_settled = True
            session.read_with, session.unread = key.origin, None
            if session.client_random is None:
                session.client_random = key.random
            if session.suite is None:
                session.suite, session.version = key.suite, TLS_1_3
            self._cache.clear()
        hello = handshake.server_hello
        if hello is None or hello.version == TLS_1_3:
            return
        # Whoever resumes the session has the same master secret, and a key log need not repeat it.
        master = Found(key.secret, key.origin)
        self._master = hello, master
        handshake.forget_transcript()
        if hello.session_id:
            self._secrets.remember(Label.SESSION_ID, hello.session_id, master)
        if handshake.new_ticket is not None:
            self._secrets.remember(Label.TICKET, _ticket_name(handshake.new_ticket), master)

    def missing(self) -> Missing:
        """Say why there are no keys, and whether there may be some later."""
        handshake, session = self._handshake, self._handshake.session
        suite = find_suite(session.suite) if session.suite is not None else None
        version = handshake.version
        may_come = self.may_grow
        if version is None:
            return Missing(not handshake.is_beginning_lost, Problem.NO_SECRETS, "the handshake is not in the capture")
        if handshake.server_hello is None and handshake.client_hello is not None and not self._has_traffic():
            return Missing(may_come, Problem.NO_SECRETS, "the server's hello is not in the capture")
        if version < TLS_1_0:
            return Missing(False, Problem.UNSUPPORTED, f"{version_name(version)} is not decoded; TLS 1.0 to 1.3 are")
        if session.suite is not None and suite is None:
            text = f"cipher suite {suite_name(session.suite)} is not decoded; {READ_CIPHERS} are"
            return Missing(False, Problem.UNSUPPORTED, text)
        if session.compression:
            return Missing(False, Problem.UNSUPPORTED, "compressed by TLS, which is not decoded")
        if session.suite_exchange == "RSA" and handshake.is_hello_done and handshake.encrypted_premaster is None:
            return Missing(True, Problem.NO_SECRETS, "the client's key exchange is not in the capture")
        if not len(self._secrets):
            return Missing(may_come, Problem.NO_SECRETS, "no secrets were given")
        if session.client_random is None:
            may_come = may_come or not handshake.is_beginning_lost
            return Missing(may_come, Problem.NO_SECRETS, "the handshake is not in the capture")
        text = f"no secrets for this session's client random, {session.client_random.hex()}"
        if there := self._secrets.labels(session.client_random):
            needed = self._lacking(there) if version == TLS_1_3 else Label.MASTER.value.decode()
            text = f"of this session's secrets there is only {', '.join(there)}, and not {needed}"
        if self._secrets.bad_lines:
            text += f"; {counted(self._secrets.bad_lines, 'line')} of key logs could not be understood"
        if self._secrets.forgotten:
            text += f"; of more than {MAX_SESSIONS} sessions with secrets the oldest were forgotten"
        if self._secrets.has_rsa_keys and not self._secrets.has_sessions:
            if session.resumed or (version != TLS_1_3 and not handshake.is_hello_done):
                text = "the session resumes one that is not in the capture"
            elif session.suite_exchange == "RSA":
                text = "none of the RSA keys given is the server's"
            else:
                text = "an RSA key reads RSA key exchange only, and this session has another: a key log is needed"
        return Missing(may_come, Problem.NO_SECRETS, text)

    @staticmethod
    def _lacking(there: list[str]) -> str:
        needed = [each.value.decode() for each in (Label.CLIENT_TRAFFIC, Label.SERVER_TRAFFIC)]
        return " nor ".join(each for each in needed if each not in there)

    def _has_traffic(self) -> bool:
        """Whether there is any traffic secret of the session, of TLS 1.3 then."""
        random = self._handshake.session.client_random
        return random is not None and any(self._secrets.find(label, random) for label in _TRAFFIC_LABELS.values())

    def _look_again(self) -> None:
        if self._stamp != self.stamp:
            self._stamp = self.stamp
            self._cache.clear()
            self._before_13.clear()

    def _find_traffic(self, peer: Peer, epoch: Epoch) -> list[Key]:
        label = _TRAFFIC_LABELS.get((peer, epoch))
        if label is None:
            return []
        session = self._handshake.session
        if session.client_random is not None:
            randoms = [session.client_random]
        else:
            randoms = self._secrets.last_sessions(MAX_TRIED_SESSIONS)
        keys = []
        for random in randoms:
            found = self._secrets.find(label, random)
            if found is not None:
                keys += [
                    key for code in self._suites(found) if (key := self._traffic_key(found, code, random)) is not None
                ]
        return keys

    def _suites(self, found: Found) -> list[int]:
        """Return the suites that a traffic secret may be for."""
        session = self._handshake.session
        if session.suite is not None:
            return [session.suite]
        codes = session.offered_suites or tuple(range(0x1301, 0x1306))
        fit = len(found.secret)
        return [
            code
            for code in codes
            if (suite := find_suite(code)) is not None
            and suite.exchange is None
            and hashlib.new(suite.prf, usedforsecurity=False).digest_size == fit
        ]

    @staticmethod
    def _traffic_key(found: Found, code: int, random: bytes | None) -> Key | None:
        suite = find_suite(code)
        if suite is None or not suite.is_aead:
            return None
        opens = protection(traffic_keys(found.secret, suite), suite, TLS_1_3)
        return Key(opens, found.secret, code, random, found.origin) if opens is not None else None

    def _masters(self) -> list[Found]:
        """Return what may be the master secret, as the key log, an RSA key or the session resumed tell."""
        handshake, session, secrets = self._handshake, self._handshake.session, self._secrets
        client, server = handshake.client_hello, handshake.server_hello
        if client is None or server is None:
            return []
        if self._master is not None and self._master[0] is server:
            return [self._master[1]]
        if found := secrets.find(Label.MASTER, client.random):
            return [found]
        masters = []
        for premaster in self._premasters(client.random, (client.version, server.version)):
            suite = find_suite(server.suite)
            if suite is not None and server.version >= TLS_1_0:
                masters.append(self._from_premaster(premaster, client, server, suite))
        if not masters and not handshake.is_hello_done:
            names = [(Label.SESSION_ID, server.session_id), (Label.SESSION_ID, client.session_id)]
            names.append((Label.TICKET, _ticket_name(client.extensions.get(TICKET, b""))))
            masters = [found for label, name in names if (found := secrets.find(label, name)) is not None][:1]
            if masters and session.resumed is None:
                session.resumed = "ticket"
        elif not masters and (found := secrets.find(Label.SESSION_ID, server.session_id)):
            masters = [found]
        return masters

    def _premasters(self, random: bytes, versions: tuple[int, int]) -> list[Found]:
        secrets, encrypted = self._secrets, self._handshake.encrypted_premaster
        if encrypted is None:
            return []
        if found := secrets.find(Label.PREMASTER, random) or secrets.find(Label.RSA_PREMASTER, encrypted[:8]):
            return [found]
        if self._handshake.session.suite_exchange != "RSA":
            return []
        # A wrong key may make bytes of anything; the right one's begin with the version offered, or by mistake chosen.
        begins = [version.to_bytes(2, "big") for version in versions]
        return [found for found in secrets.decrypt_premaster(encrypted) if found.secret[:2] in begins]

    def _from_premaster(self, premaster: Found, client: ClientHello, server: ServerHello, suite: Suite) -> Found:
        handshake = self._handshake
        if handshake.session.extended_master_secret:
            secret = extended_master_secret(premaster.secret, handshake.transcript, server.version, suite)
        else:
            secret = master_secret(premaster.secret, client.random + server.random, server.version, suite)
        return Found(secret, premaster.origin)

    def _derive(self, master: Found) -> None:
        client, server = self._handshake.client_hello, self._handshake.server_hello
        suite = find_suite(server.suite) if server is not None else None
        if client is None or server is None or suite is None or server.compression or server.version < TLS_1_0:
            return
        both = key_block(master.secret, server.random + client.random, server.version, suite)
        for peer, keys in zip((CLIENT, CLIENT.other), both, strict=True):
            session = self._handshake.session
            opens = protection(keys, suite, server.version, encrypt_then_mac=session.encrypt_then_mac)
            if opens is not None:
                key = Key(opens, master.secret, server.suite, client.random, master.origin)
                self._before_13.setdefault(peer, []).append(key)


def _ticket_name(ticket: bytes) -> bytes:
    return hashlib.sha256(ticket).digest()
