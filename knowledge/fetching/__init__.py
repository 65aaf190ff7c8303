"""Asks addresses that people typed in, without being led into the laboratory's own network."""

from knowledge.fetching.domain import (
    AddressRefused,
    FetchError,
    NoAnswer,
    Policy,
    TooMuch,
    address_allowed,
    url_checked,
)
from knowledge.fetching.services import Fetched, fetch, fetch_async, policy_of_site

__all__ = [
    "AddressRefused",
    "FetchError",
    "Fetched",
    "NoAnswer",
    "Policy",
    "TooMuch",
    "address_allowed",
    "fetch",
    "fetch_async",
    "policy_of_site",
    "url_checked",
]
