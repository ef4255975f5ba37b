"""The pictures of this lesson, one file each, named by the file."""
