"""Reports of answers: in words, in the terminal, and as a page of its own."""
