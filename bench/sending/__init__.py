"""What the benchmark of sending is made of: a sink, yardsticks, an installation with readers, workers."""
