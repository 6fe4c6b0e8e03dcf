"""What can go wrong with a table."""


class TableError(ValueError):
    """A table that cannot be drawn as asked."""
