"""Files of events: CSV and JSON lines, their columns mapped to our fields, read row by row in constant memory."""
