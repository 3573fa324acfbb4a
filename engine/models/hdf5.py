"""As much of HDF5 as Keras 1 and 2 write weights in: groups, lists of names beside them, and plain arrays.

The HDF5 library is not asked, since a hostile file can make it run for ever. Nothing here follows a link to elsewhere or a
reference, and every structure counts against a budget, so that a file that leads in circles comes to an end.

Source: The HDF Group, "HDF5 File Format Specification", version 3.0; the sections named below are its.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_MOST_STRUCTURES, _MOST_BYTES = 100_000, 64_000_000  # of what describes the arrays
_DATASPACE, _LINK_INFO, _DATATYPE, _LINK, _EXTERNAL, _LAYOUT, _FILTERS = 0x1, 0x2, 0x3, 0x6, 0x7, 0x8, 0xB
_ATTRIBUTE, _CONTINUATION, _SYMBOL_TABLE, _ATTRIBUTE_INFO = 0xC, 0x10, 0x11, 0x15
_SHARED = 0x2  # flag of a message that lies elsewhere
_SOFT_LINK = 2  # kind of a symbol table's entry
_FLOAT, _STRING, _VARIABLE = 1, 3, 9  # classes of datatypes
_IEEE: Mapping[tuple[int, ...], str] = {  # (size, offset, precision, exponent's place and size, mantissa's place and size, bias)
    (2, 0, 16, 10, 5, 0, 10, 15): "f2",
    (4, 0, 32, 23, 8, 0, 23, 127): "f4",
    (8, 0, 64, 52, 11, 0, 52, 1023): "f8",
}
_CONTIGUOUS = 1


class DamagedError(Exception):
    """What the file says of itself cannot be."""


class ForeignError(Exception):
    """Something that HDF5 can do and Keras does not."""


@dataclass(frozen=True, slots=True)
class _Message:
    kind: int
    body: bytes


class Hdf5:
    """An open file.

    Args:
        size: of the file, in bytes.

    Raises:
        DamagedError, ForeignError: as every method may.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self.size = file, size
        self._structures, self._bytes = _MOST_STRUCTURES, _MOST_BYTES
        self._heaps: dict[int, Mapping[int, bytes]] = {}

    def root(self) -> "Node":
        """The outermost group. (Section II.A: superblock, version 0.)"""
        block = self.read(0, 96)
        if block[:8] != _SIGNATURE:
            raise DamagedError("no HDF5 file")
        version, offset_size, length_size = block[8], block[13], block[14]
        base, header = struct.unpack_from("<Q", block, 24)[0], struct.unpack_from("<Q", block, 64)[0]
        if (version, offset_size, length_size, base) != (0, 8, 8, 0):
            raise ForeignError("a superblock of another version")
        return Node(self, header)

    def read(self, at: int, size: int) -> bytes:
        """What describes the arrays, a structure at a time."""
        self._structures -= 1
        self._bytes -= size
        if self._structures < 0 or self._bytes < 0:
            raise DamagedError("it leads in circles, or describes more than any model has")
        return self.array_bytes(at, size)

    def kept_apart(self, at: int) -> Mapping[int, bytes]:
        """What a global heap collection holds, by number. (Section III.E.)"""
        if at not in self._heaps:
            signature, size = struct.unpack("<4s4xQ", self.read(at, 16))
            if signature != b"GCOL":
                raise DamagedError("a list of names has no heap")
            body, here, found = self.read(at + 16, max(0, size - 16)), 0, {}
            while here + 16 <= len(body):
                index, length = struct.unpack_from("<H6xQ", body, here)
                if index == 0:  # what is free, to the end
                    break
                found[index] = body[here + 16 : here + 16 + length]
                here += 16 + -(-length // 8) * 8
            self._heaps[at] = found
        return self._heaps[at]

    def array_bytes(self, at: int, size: int) -> bytes:
        """Whatever lies there; within the file."""
        if at > self.size - size:
            raise DamagedError("it points beyond its end")
        self._file.seek(at)
        found = self._file.read(size)
        if len(found) < size:
            raise DamagedError("it became shorter")
        return found


class Node:
    """A group or an array."""

    def __init__(self, file: Hdf5, header: int) -> None:
        self._file = file
        self._messages = _messages(file, header)
        self._children: Mapping[str, int] | None = None

    def child(self, path: str) -> "Node | None":
        """What lies under ``path``, by hard links alone; None: nothing does."""
        node = self
        for part in filter(None, path.split("/")):
            header = node._entries().get(part)
            if header is None:
                return None
            node = Node(self._file, header)
        return node

    def _entries(self) -> Mapping[str, int]:
        if self._children is None:
            if self._one(_LINK_INFO) or self._one(_LINK):
                raise ForeignError("a group of links")
            table = self._one(_SYMBOL_TABLE)
            self._children = {} if table is None else _entries(self._file, *_unpack("<QQ", table))
        return self._children

    def names(self, attribute: str) -> list[str] | None:
        """A list of texts that lies beside this; None: there is no such attribute. (Section IV.A.2.m.)"""
        if self._one(_ATTRIBUTE_INFO):
            raise ForeignError("attributes that lie elsewhere")
        for message in self._messages:
            if message.kind == _ATTRIBUTE:
                name, datatype, dataspace, data = _attribute(message.body)
                if name == attribute:
                    return _texts(self._file, datatype, dataspace, data)
        return None

    def shape(self) -> tuple[int, ...]:
        """Of an array."""
        dataspace = self._one(_DATASPACE)
        if dataspace is None:
            raise DamagedError("a group where an array should be")
        return _shape(dataspace)

    def dtype(self) -> np.dtype[np.floating]:
        """Of an array of numbers. (Section IV.A.2.d.)"""
        datatype = self._one(_DATATYPE)
        if datatype is None or datatype[0] & 0xF != _FLOAT:
            raise ForeignError("an array that holds no floating-point numbers")
        order = ">" if datatype[1] & 1 else "<"
        known = _IEEE.get(_unpack("<IHHBBBBI", datatype[4:]))
        if known is None:
            raise ForeignError("numbers of a type of its own")
        return np.dtype(order + known)

    def array(self, most: int) -> NDArray[np.floating]:
        """The numbers themselves, which lie in one piece. (Section IV.A.2.i.)

        Args:
            most: bytes that are believed.
        """
        if self._one(_FILTERS) or self._one(_EXTERNAL):
            raise ForeignError("an array that is compressed, or lies in another file")
        layout = self._one(_LAYOUT)
        if layout is None or tuple(layout[:2]) != (3, _CONTIGUOUS):
            raise ForeignError("an array in pieces")
        address, held = _unpack("<QQ", layout[2:])
        shape, dtype = self.shape(), self.dtype()
        claimed = math.prod(shape) * dtype.itemsize
        if claimed > min(held, most):
            raise DamagedError("it claims more than it holds")
        numbers = np.frombuffer(self._file.array_bytes(address, claimed), dtype).reshape(shape)
        return numbers.astype(dtype.newbyteorder("="))  # a copy that can be written to

    def _one(self, kind: int) -> bytes | None:
        return next((message.body for message in self._messages if message.kind == kind), None)


def _unpack(form: str, data: bytes) -> tuple[int, ...]:
    """From the beginning of ``data``."""
    try:
        return struct.unpack_from(form, data)
    except struct.error:
        raise DamagedError("a structure is cut short") from None


def _messages(file: Hdf5, at: int) -> list[_Message]:
    """What an object says of itself. (Section IV.A.1.a: object header, version 1.)"""
    version, count, size = _unpack("<BxHxxxxI", file.read(at, 12))
    if version != 1:
        raise ForeignError("an object header of another version")
    blocks, found = [(at + 16, size)], list[_Message]()
    while blocks:
        body, here = file.read(*blocks.pop(0)), 0
        while here + 8 <= len(body) and len(found) < count:
            kind, length, flags = _unpack("<HHB", body[here : here + 8])
            content = body[here + 8 : here + 8 + length]
            here += 8 + length
            if len(content) < length:
                raise DamagedError("a message is cut short")
            if flags & _SHARED:
                raise ForeignError("a message that lies elsewhere")
            found.append(_Message(kind, content))
            if kind == _CONTINUATION:
                start, more = _unpack("<QQ", content)
                blocks.append((start, more))
    return found


def _entries(file: Hdf5, tree: int, heap: int) -> dict[str, int]:
    """The names in a group and where their object headers lie. (Sections III.A.1, III.B, III.D.)"""
    names = _heap(file, heap)
    found: dict[str, int] = {}
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        signature, kind, level, used = struct.unpack("<4sBBH", file.read(node, 8))
        if (signature, kind) != (b"TREE", 0):
            raise DamagedError("a group has no tree")
        children = _unpack(f"<{2 * used + 1}Q", file.read(node + 24, 8 * (2 * used + 1)))[1::2]
        if level:
            nodes += children
            continue
        for child in children:
            found |= _symbols(file, child, names)
    return found


def _heap(file: Hdf5, at: int) -> bytes:
    """The names of a group, each with a zero behind it."""
    signature, size, _, address = struct.unpack("<4s4xQQQ", file.read(at, 32))
    if signature != b"HEAP":
        raise DamagedError("a group has no heap")
    return file.read(address, size)


def _symbols(file: Hdf5, at: int, names: bytes) -> dict[str, int]:
    signature, count = struct.unpack("<4sxxH", file.read(at, 8))
    if signature != b"SNOD":
        raise DamagedError("a group has no table of symbols")
    found = {}
    for name, header, kind in struct.iter_unpack("<QQI20x", file.read(at + 8, 40 * count)):
        end = names.find(b"\0", name)
        if end < 0:
            raise DamagedError("a name without an end")
        if kind == _SOFT_LINK:
            raise ForeignError("a link to elsewhere")
        found[_text(names[name:end])] = header
    return found


def _attribute(body: bytes) -> tuple[str, bytes, bytes, bytes]:
    """Name, datatype, dataspace and data."""
    version, flags, *sizes = _unpack("<BBHHH", body)
    if version not in (1, 2, 3) or (version > 1 and flags):
        raise ForeignError("an attribute of another version")
    here, parts = 9 if version == 3 else 8, []
    for size in sizes:
        parts.append(body[here : here + size])
        here += -(-size // 8) * 8 if version == 1 else size
    return _text(parts[0].rstrip(b"\0")), parts[1], parts[2], body[here:]


def _texts(file: Hdf5, datatype: bytes, dataspace: bytes, data: bytes) -> list[str]:
    """Of fixed length, as NumPy's byte strings are kept, or of any length, kept apart."""
    shape = _shape(dataspace)
    if len(shape) != 1:
        raise ForeignError("a list of names that is none")
    if shape[0] == 0:
        return []  # of whatever type: an empty NumPy array is one of numbers
    kind, variable, size = _unpack("<BBxxI", datatype)
    if kind & 0xF not in (_STRING, _VARIABLE) or (kind & 0xF == _VARIABLE and (variable & 0xF, size) != (1, 16)):
        raise ForeignError("a list of names that is none")
    if not 0 < size <= len(data) // shape[0]:
        raise DamagedError("a list of names is cut short")
    pieces = [data[at * size : (at + 1) * size] for at in range(shape[0])]
    if kind & 0xF == _VARIABLE:
        places = [struct.unpack("<IQI", piece) for piece in pieces]
        pieces = [file.kept_apart(address).get(index, b"")[:length] for length, address, index in places]
    return [_text(piece.rstrip(b"\0")) for piece in pieces]


def _shape(dataspace: bytes) -> tuple[int, ...]:
    """(Section IV.A.2.b.)"""
    version, rank = _unpack("<BB", dataspace)
    if version not in (1, 2):
        raise ForeignError("a dataspace of another version")
    return _unpack(f"<{rank}Q", dataspace[8 if version == 1 else 4 :])


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise DamagedError("a name that is no text") from None
