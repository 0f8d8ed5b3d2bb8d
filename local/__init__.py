"""The whole shop on one machine: the production template on MiniStack, behind one address."""
