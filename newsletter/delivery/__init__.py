"""Delivery: where what we publish meets who reads it; the outbox, the dispatcher, the account of every mail."""
