"""Arrays in, arrays out: compiled searches, fields and covers. Nothing of ours is imported here."""

from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy")
