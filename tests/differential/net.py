"""net: the fixed addresses and names of the differential test's network. It knows no test."""

import ipaddress

# Servers behind the proxy, and the names that its resolver knows; all of them present one certificate that covers all names.
SERVERS = ["10.1.1.%d" % n for n in range(31, 37)]
NAMES = {"web01.contoso.local": "10.1.1.31", "web02.contoso.local": "10.1.1.32", "web03.contoso.local": "10.1.1.33",
         "intranet.contoso.local": "10.1.1.31", "sp.fabrikam.local": "10.1.1.34", "erp.fabrikam.local": "10.1.1.35"}
PLAIN, TLS = (80, 8080), (443, 4443, 8443)

# Where clients come from: neighbours on either side of whatever a range may end at.
CLIENTS = ["198.51.100.7", "198.51.100.8", "198.51.100.9", "198.51.100.10", "198.51.100.127", "198.51.100.128", "192.0.2.7", "192.0.2.8", "192.0.2.130",
           "10.50.0.5", "10.50.0.6", "10.50.1.5", "10.60.0.9", "2001:db8:1::7", "2001:db8:1::8", "2001:db8:2::9", "2001:db8:1:5::1"]

# Addresses that listeners may own.
LISTENERS = ["203.0.113.10", "203.0.113.11", "203.0.113.12", "203.0.113.13", "203.0.113.14", "2001:db8:9::10", "2001:db8:9::11"]

# What every client says in X-Forwarded-For; the proxy replaces it.
FORGED = "192.0.2.99"


def number(address):
    return int(ipaddress.ip_address(address))


def address(value, six):
    return str(ipaddress.IPv6Address(value) if six else ipaddress.IPv4Address(value))


def network_of(text, bits):
    return str(ipaddress.ip_network("%s/%d" % (text, bits), strict=False).network_address)
