"""From where a token may be used: networks in the notation of RFC 4632 and RFC 4291, such as `10.20.0.0/16`."""

import ipaddress
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

NETWORKS_PER_TOKEN = 50
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def settled(networks: Iterable[str]) -> list[str]:
    """Networks as they are stored: each once, without the bits of a host.

    Raises:
        ValidationError: for what is no network, or too many.
    """
    found: dict[str, None] = {}
    for said in networks:
        try:
            found[str(_plain(ipaddress.ip_network(said.strip(), strict=False)))] = None
        except ValueError:
            raise ValidationError(_("“%(said)s” is no network address.") % {"said": said[:50]}) from None
    if len(found) > NETWORKS_PER_TOKEN:
        raise ValidationError(_("At most %(max)d networks.") % {"max": NETWORKS_PER_TOKEN})
    return list(found)


def _plain(network: Network) -> Network:
    """An IPv4 network that is dressed as IPv6, undressed: addresses are compared so."""
    inner = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    return ipaddress.ip_network(f"{inner}/{network.prefixlen - 96}") if inner and network.prefixlen >= 96 else network


def is_inside(address: str, networks: Iterable[str]) -> bool:
    """Whether ``address`` lies in one of ``networks``; in every case when there are none.

    What is no address is inside of nothing. IPv4 may come dressed as IPv6 (RFC 4291, 2.5.5.2).
    """
    allowed = [ipaddress.ip_network(each) for each in networks]
    if not allowed:
        return True
    try:
        ip: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return any(ip in network for network in allowed)
