"""The room of the three users: feeding, searching and watching."""
