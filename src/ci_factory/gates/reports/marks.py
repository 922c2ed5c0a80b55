"""A small table from keys to a few bits, in one block of memory: half a million tests in eight megabytes."""

from array import array

_BITS = 3
_VALUE = (1 << _BITS) - 1
_FIRST = 1 << 10
_WORD = (1 << 64) - 1


def digest(file: str, classname: str, name: str) -> int:
    """64 bits that stand for a test within this process, of which `Marks` keeps 61.

    Python's own hash of text is keyed (SipHash, PEP 456) and costs a tenth of a digest; two of 500,000 tests share
    theirs once in ten million reports.
    """
    return hash(f"{file}\0{classname}\0{name}") & _WORD


class Marks:
    """Keys of 64 bits to values from 1 to 7; open addressing with linear probing."""

    def __init__(self) -> None:
        """Empty."""
        self._slots = array("Q", bytes(8 * _FIRST))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def get(self, key: int) -> int:
        """The value, 0 when there is none."""
        return self._slots[self._find(key)] & _VALUE

    def add(self, key: int, value: int) -> int:
        """Set the value unless there is one; the one that was there before, 0 when there was none."""
        slots, wanted = self._slots, key >> _BITS
        mask = len(slots) - 1
        place = wanted & mask
        while slot := slots[place]:
            if slot >> _BITS == wanted:
                return slot & _VALUE
            place = (place + 1) & mask
        slots[place] = (key & ~_VALUE) | value
        self._count += 1
        if self._count * 3 > len(slots) * 2:
            self._grow()
        return 0

    def replace(self, key: int, value: int) -> None:
        """Set the value of a key that is there."""
        self._slots[self._find(key)] = (key & ~_VALUE) | value

    def _find(self, key: int) -> int:
        slots, wanted, mask = self._slots, key >> _BITS, len(self._slots) - 1
        place = wanted & mask
        while (slot := slots[place]) and slot >> _BITS != wanted:
            place = (place + 1) & mask
        return place

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(8 * 2 * len(old)))
        for slot in old:
            if slot:
                self._slots[self._find(slot)] = slot
