"""The pictures of lesson 14."""
