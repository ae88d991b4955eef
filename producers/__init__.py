"""Where articles come in: each kind of source reads, and `publish` delivers to Kafka."""
