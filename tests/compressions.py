"""Compresses captures, with checksums where the format has them."""

import bz2
import gzip
import lzma
import sys

import lz4.frame

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESSIONS = {
    "gzip": gzip.compress,
    "zstd": lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
    "lz4": lambda data: lz4.frame.compress(data, block_size=lz4.frame.BLOCKSIZE_MAX64KB, content_checksum=True),
    "bzip2": lambda data: bz2.compress(data, 1),
    "xz": lzma.compress,
}
