"""What a class came to: pure functions from the rows of a store to a page, a table and plain data."""
