"""The pictures of lesson 18."""
