"""Many workers' figures: the product over a real Kafka broker and a real PostgreSQL, beside its peers."""
