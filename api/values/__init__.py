"""How values that people write are read: text, phone numbers, NIK, positions, instants, days. A value is read right or refused."""
