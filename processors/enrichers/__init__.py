"""What is found out about an article: one module, one pure function, for each field."""
