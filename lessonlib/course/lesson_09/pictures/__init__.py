"""The pictures of lesson 9."""
