"""What a person sees: panels, notebooks, review, your lab, and the page's scripts and styles."""
