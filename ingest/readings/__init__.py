"""Readings that arrive one by one, and the texts they arrive in; shared by agent and gateway, standard library and pydantic only."""

from ingest.readings.gather import Gathered, Gatherer

__all__ = ["Gathered", "Gatherer"]
