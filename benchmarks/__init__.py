"""Souk's budgets for speed, size and AWS calls, and their measurement."""
