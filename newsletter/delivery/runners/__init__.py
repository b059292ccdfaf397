"""Runners: what calls the steps of a sending, in one process or on many machines."""
