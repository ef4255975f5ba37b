"""A lesson: its words and workings as questions and blocks, judged, gated and sealed; no widgets, no record."""
