"""What the compiled book is made of: matching, ladder, order table, records, memory."""
