"""Real Kafka and Elasticsearch as child processes, without Docker and without root."""
