"""Arrays in, arrays out: compiled searches, fields and covers. Nothing of ours is imported here."""
