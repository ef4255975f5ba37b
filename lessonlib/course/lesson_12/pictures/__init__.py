"""The pictures of lesson 12."""
