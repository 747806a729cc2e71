"""How an answer is shown: in words, in the terminal, and as a page of its own."""
