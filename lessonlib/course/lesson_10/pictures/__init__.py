"""The pictures of lesson 10."""
