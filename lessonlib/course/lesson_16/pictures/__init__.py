"""The pictures of lesson 16."""
