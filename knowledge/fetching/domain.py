"""Which addresses may be asked: pure rules, no network.

FetchError
├── AddressRefused      the address is not one that this site may ask; trying again does not help
├── NoAnswer            nobody answered, or not within the time; trying again may help
└── TooMuch             the answer is longer than allowed
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx
from django.utils.translation import gettext as _

from knowledge.errors import KnowledgeError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
# networks whose addresses carry one of version 4 inside: the last 32 bits, or those at this place from the left
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")


class FetchError(KnowledgeError):
    """Another server could not be asked."""

    code = "fetch_failed"
    status = 502


class AddressRefused(FetchError):
    """The address is not one that this site may ask."""

    code = "address_refused"
    status = 400


class NoAnswer(FetchError):
    """Nobody answered, or not within the time."""

    code = "no_answer"


class TooMuch(FetchError):
    """The answer is longer than allowed."""

    code = "answer_too_long"


@dataclass(frozen=True)
class Policy:
    """What a request may do. Addresses that are not public are refused, unless they lie in one of `networks`.

    hosts: when given, the only host names that may be asked. timeout_s: for each step (connect, one read); total_s: for all
    of it. max_bytes: of the answer, unpacked. redirects: how many are followed, always to the same scheme, host and port.
    """

    networks: tuple[Network, ...] = ()
    plain_http: bool = False
    hosts: frozenset[str] | None = None
    timeout_s: float = 10.0
    total_s: float = 30.0
    max_bytes: int = 2**20
    redirects: int = 0


def _inner(address: Address) -> list[Address]:
    """The address and those of version 4 that it stands for: a router may lead to either."""
    found: list[Address] = [address]
    if isinstance(address, IPv6Address):
        found += [inner for inner in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())) if inner]
        if any(address in network for network in _NAT64) or (address in _COMPATIBLE and int(address) > 1):
            found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return found


def address_allowed(text: str, networks: Sequence[Network] = ()) -> bool:
    """Whether an IP address may be connected to: it is public, or in one of the networks that the site allows."""
    address = ip_address(text.partition("%")[0])

    def known(one: Address) -> bool:
        return any(one.version == network.version and one in network for network in networks)

    def public(one: Address) -> bool:
        return one.is_global and not (one.is_multicast or one.is_reserved or one.is_unspecified or one.is_link_local)

    inner = _inner(address)
    if known(address) or any(known(one) for one in inner[1:]):
        return True
    only_a_way = isinstance(address, IPv6Address) and (address.ipv4_mapped is not None or address in _NAT64[0])
    return all(public(one) for one in (inner[1:] if only_a_way else inner))


def url_checked(url: str, policy: Policy) -> httpx.URL:
    """The address if its form is allowed: https (or http where the site says so), a host, no name and password in it.

    Where the host is an IP address, that is checked too; names are looked up and checked when the connection is made.
    Raises AddressRefused.
    """
    try:
        parsed = httpx.URL(url)
        port = parsed.port
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressRefused(_("“%(url)s” is no web address.") % {"url": url[:200]}) from error
    if parsed.scheme != "https" and not (parsed.scheme == "http" and policy.plain_http):
        raise AddressRefused(_("The address must begin with https://."))
    if not parsed.host or parsed.userinfo or port == 0:
        raise AddressRefused(_("The address needs a host, and no name or password in it."))
    if policy.hosts is not None and parsed.host.lower() not in policy.hosts:
        raise AddressRefused(_("The host %(host)s is not on the site's list.") % {"host": parsed.host})
    try:
        allowed = address_allowed(parsed.host, policy.networks)
    except ValueError:
        return parsed
    if not allowed:
        raise refused(parsed.host)
    return parsed


def refused(host: str) -> AddressRefused:
    """What is said of an address inside the laboratory's network."""
    told = _(
        "%(host)s lies in a private network. If this is meant, an administrator adds the network to "
        "LODESTONE_KNOWLEDGE_FETCH_NETWORKS."
    )
    return AddressRefused(told % {"host": host})
