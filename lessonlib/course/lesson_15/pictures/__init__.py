"""The pictures of lesson 15."""
