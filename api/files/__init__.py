"""Tables in files: read from CSV and XLSX in a process of its own, and written."""
