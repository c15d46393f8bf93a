"""RSA private keys of servers: PEM comes in, what was encrypted for them out. Loaded only where there are any."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def load_rsa_key(pem: bytes) -> RSAPrivateKey:
    """Return the key in a PEM file; ValueError where it has none that can be used."""
    # The exceptions of `cryptography` are left behind: their text is not ours to vouch for.
    try:
        key = load_pem_private_key(pem, None)
    except TypeError:
        problem = "the private key is encrypted: decrypt it first, as with `openssl rsa`"
    except (ValueError, UnsupportedAlgorithm):
        problem = "not a private key in PEM format"
    else:
        if isinstance(key, RSAPrivateKey):
            return key
        problem = "not an RSA key: only RSA key exchange can be read with a private key, use a key log"
    raise ValueError(problem)


def decrypt(key: RSAPrivateKey, encrypted: bytes) -> bytes | None:
    """Return what was encrypted for a key (RFC 8017 §7.2); None where it was not."""
    try:
        return key.decrypt(encrypted, PKCS1v15())
    except ValueError:
        return None
