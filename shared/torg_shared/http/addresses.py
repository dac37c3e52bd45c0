"""Which network addresses a guarded call may reach."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_NEVER = tuple(
    ip_network(net)
    for net in (
        "100.64.0.0/10",  # carrier-grade NAT: inside somebody's network, though not called private
        "192.0.0.0/24",
        "192.88.99.0/24",  # the retired relay of 6to4
        "::/96",  # IPv4 in its retired "compatible" form
        "64:ff9b:1::/48",  # NAT64 for local use
        "100::/64",
        "2001::/32",  # Teredo carries an IPv4 address of its sender's choice
        "fec0::/10",
    )
)


def is_public(address: str) -> bool:
    """Whether an address (as `getaddrinfo` gives it) belongs to the open internet.

    IPv4 addresses inside IPv6 ones (mapped, NAT64, 6to4) are unwrapped first: they reach the same machine.
    """
    try:
        ip = _unwrapped(ip_address(address))
    except ValueError:
        return False
    if any(ip.version == net.version and ip in net for net in _NEVER):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_link_local)


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv4Address):
        return ip
    if ip.ipv4_mapped:
        return ip.ipv4_mapped
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    if ip in _SIX_TO_FOUR:
        return IPv4Address(int(ip) >> 80 & 0xFFFF_FFFF)
    return ip
