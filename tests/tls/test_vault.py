"""Where secrets stay: a pickled vault is a name."""

import pickle

from dicomsniff.tls.decoder import TlsDecoder
from dicomsniff.tls.vault import Vault

LINE = b"CLIENT_RANDOM " + b"ab" * 32 + b" " + b"cd" * 48


def test_a_vault_is_found_again_by_its_name_only_where_it_is():
    vault = Vault()
    vault.secrets.add_keylog(LINE)
    pickled = pickle.dumps(vault)
    assert pickle.loads(pickled) is vault
    assert b"cd" * 48 not in pickled
    assert bytes.fromhex("cd" * 48) not in pickled
    del vault
    assert len(pickle.loads(pickled).secrets) == 0


def test_nothing_of_a_secret_is_in_its_text():
    vault = Vault()
    assert repr(vault) == "<vault: no secrets>"
    vault.secrets.add_keylog(LINE)
    assert "cdcd" not in repr(vault)


def test_a_decoder_is_given_back_once():
    vault = Vault()
    decoder = TlsDecoder(vault.secrets)
    number = vault.keep(decoder)
    assert vault.give_back(number) is decoder
    assert vault.give_back(number) is None


def test_what_is_complete_is_told_to_secrets_that_come_later_too():
    vault = Vault()
    vault.is_complete = False
    assert not vault.secrets.is_complete
    vault.is_complete = True
    assert vault.secrets.is_complete
