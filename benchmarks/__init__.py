"""What Souk promises of its speed and size, beside what is measured."""
