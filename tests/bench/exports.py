#!/usr/bin/env python3
"""Exports of any size, for measuring: written as a stream, the same bytes for the same arguments.

    exports.py rules N FILE        N web publishing rules, without indentation (1.45 KB each)
    exports.py indented N FILE     the same rules as the product itself writes them: prefixes, types, indentation
    exports.py apart N FILE        N rules that share neither server, site nor paths
    exports.py sets N FILE         N rules, and domain name sets that nothing uses as nine tenths of the bytes
    exports.py size MIB FILE       rules and such sets, half and half, so many MiB in all
    exports.py many N FOLDER       N small exports of 10 to 40 rules each

Every rule has what a real one has: state, name, order, type, source, server, ports, listener, users, one public name, two
paths. It knows nothing of the reader that is measured; tools/scale makes the odd shapes.
"""
import os
import re
import sys

ANYWHERE = "{BE20F10A-A274-436A-A7AD-63A9FC5ED19D}"
EXTERNAL = "{F129EACF-778B-44FE-B339-5B752D7220A3}"
ALL_USERS = "{DFFB7833-9365-4184-AABC-7CAFB018A7FA}"
LISTENER = "{22222222-0000-4000-8000-000000000001}"
PORT_HTTP, PORT_TLS = 8080, 8443
MIB = 1 << 20

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Root xmlns="http://schemas.microsoft.com/isa/config-4" StorageName="FPC" StorageType="0">
<Build t="string">7.0.9193.500</Build><IsaXmlVersion t="string">9.0</IsaXmlVersion><Arrays StorageName="Arrays" StorageType="0">
<Array StorageName="{11111111-0000-4000-8000-000000000001}" StorageType="1"><Name t="string">EDGE</Name>
<RuleElements StorageName="RuleElements" StorageType="1">
"""
LISTENERS = """<WebListeners StorageName="WebListeners" StorageType="1"><WebListener StorageName="%s" StorageType="1">
<Name t="string">Internet</Name><IPsOnNetworks StorageName="IPsOnNetworks" StorageType="1">
<IPOnNetwork StorageName="{33333333-0000-4000-8000-000000000001}" StorageType="1"><IPSelectionMethod t="int">2</IPSelectionMethod>
<Ref StorageName="Network" StorageType="1"><Name t="string">%s</Name><RefClass t="string">msFPCNetwork</RefClass></Ref>
<IPAddresses StorageName="IPAddresses" StorageType="1"><IPAddressesStrings><Str t="string">203.0.113.10</Str></IPAddressesStrings>
</IPAddresses></IPOnNetwork></IPsOnNetworks><WebListenerProperties StorageName="WebListenerProperties" StorageType="1">
<IntegratedWindowsAuthentication t="boolean">0</IntegratedWindowsAuthentication><SSLPort t="int">443</SSLPort>
<TCPPort t="int">%d</TCPPort></WebListenerProperties></WebListener></WebListeners></RuleElements>
<ArrayPolicy StorageName="ArrayPolicy" StorageType="1"><PolicyRules StorageName="PolicyRules" StorageType="1">
"""
TAIL = "</PolicyRules></ArrayPolicy></Array></Arrays></Root>\n"
SETS = '<DomainNameSets StorageName="DomainNameSets" StorageType="1">\n'
SET = ('<DomainNameSet StorageName="{66666666-0000-4000-8000-%012x}" StorageType="1"><Name t="string">Category %d</Name>'
       '<DomainNameStrings>%s</DomainNameStrings></DomainNameSet>\n')
NAMES_OF_A_SET = 5000
ORIGINAL_HOST = "<SendOriginalHostHeader>1</SendOriginalHostHeader>"

RULE = """<PolicyRule StorageName="{55555555-0000-4000-8000-%(guid)s}" StorageType="1"><Enabled t="boolean">1</Enabled>
<Name t="string">Publish shop %(n)d, unit %(unit)d</Name><Order t="bin.hex">%(order)s</Order><Type t="int">2</Type>
<SelectionIPs StorageName="SourceSelectionIPs"><Refs StorageName="ComputerSets"><Ref StorageName="{55555556-0000-4000-8000-%(guid)s}">
<Name t="string">{BE20F10A-A274-436A-A7AD-63A9FC5ED19D}</Name><RefClass t="string">msFPCComputerSet</RefClass></Ref></Refs></SelectionIPs>
<WebPublishingProperties><HTTPRedirectPort t="int">8080</HTTPRedirectPort>
<PublishedServerIP t="string">%(server)s</PublishedServerIP><PublishedServerType t="int">%(kind)d</PublishedServerType>
<SSLRedirectPort t="int">8443</SSLRedirectPort>%(host)s
<WebSite t="string">%(site)s</WebSite><Ref StorageName="WebListenerUsed">
<Name t="string">{22222222-0000-4000-8000-000000000001}</Name><RefClass t="string">msFPCWebListener</RefClass></Ref>
<Refs StorageName="UserSets"><Ref StorageName="{55555557-0000-4000-8000-%(guid)s}">
<Name t="string">{DFFB7833-9365-4184-AABC-7CAFB018A7FA}</Name><RefClass t="string">msFPCUserSet</RefClass></Ref></Refs>
<PublicNames><PublicNameStrings><Str t="string">%(public)s</Str></PublicNameStrings></PublicNames>
<PathMappings><PathMapping StorageName="{55555558-0000-4000-8000-%(guid)s}">
<ExternalPath t="string">/app/*</ExternalPath><InternalPath t="string">/app/*</InternalPath></PathMapping>
<PathMapping StorageName="{55555559-0000-4000-8000-%(guid)s}"><ExternalPath t="string">/static/*</ExternalPath>
<InternalPath t="string">/static/*</InternalPath></PathMapping></PathMappings></WebPublishingProperties></PolicyRule>
"""


def plain(text):
    """One line, no types: what is measured as "without indentation". One line end at the end."""
    return re.sub(r' t="[a-z.]+"', "", text).replace("\n", "") + "\n"


def as_the_product(text, depth):
    """Prefixes, types, line ends and TABs, as the product writes them. Closing tags of the frame make the depth go below 0."""
    out = []
    text = text.replace("\n", "")
    text = re.sub(r'<(/?)(?=[A-Z])', r"<\1fpc4:", text).replace(' t="', ' dt:dt="')
    text = text.replace('xmlns="', 'xmlns:fpc4="').replace(' StorageName="FPC"', ' xmlns:dt="urn:schemas-microsoft-com:datatypes" StorageName="FPC"')
    for token in re.findall(r"<\?[^>]*>|<[^/][^<]*(?:</[^>]*>)?|</[^>]*>", text):
        if token.startswith("</"):
            depth -= 1
        out.append("\t" * depth + token + "\n")
        if not token.startswith("</") and "</" not in token and not token.startswith("<?"):
            depth += 1
    return "".join(out), depth


def fields(n, kind, original_host=False, servers=200):
    s = n % servers
    return {"n": n, "unit": n % 97, "guid": "%012x" % n, "order": (n + 1).to_bytes(8, "little").hex(),
            "server": "10.1.%d.%d" % (1 + s % 10, 10 + s // 10 % 20), "site": "app%02d.contoso.local" % s,
            "public": "shop%07d.contoso.com" % n, "kind": kind, "host": ORIGINAL_HOST if original_host else ""}


def fields_apart(n):
    """What no other rule says."""
    own = fields(n, 2)
    own["server"], own["site"] = "10.%d.%d.%d" % (n // 62500 % 256, n // 250 % 250, 1 + n % 250), "app%07d.contoso.local" % n
    return own


def write_rules(file, count, template, kind, first=0, original_host=False, servers=200):
    for n in range(first, first + count):
        file.write(template % fields(n, kind, original_host, servers))


def names(n):
    return "".join("<Str>*.n%07d.category%03d.fabrikam.com</Str>" % (i, n % 1000)
                   for i in range(n * NAMES_OF_A_SET, (n + 1) * NAMES_OF_A_SET))


def write_sets(file, size):
    """Domain name sets of so many bytes at least; the number of them."""
    done = n = 0
    file.write(plain(SETS))
    while done < size:
        done += file.write(SET.replace(' t="string"', "") % (n, n, names(n)))
        n += 1
    file.write("</DomainNameSets>\n")
    return n


def frame(port=80):
    return HEAD, LISTENERS % (LISTENER, EXTERNAL, port)


def rules(file, count, kind=2, port=80, size_of_sets=0, first=0, original_host=False, servers=200, tail=True):
    """kind: 0 HTTP to the server, 1 TLS, 2 as it came in. port: the listener's plain port, 0 is none. original_host: the
    server sees the Host that the client sent, not its own name. servers: up to 200 behind all the
    names."""
    head, listeners = frame(port)
    declaration, _, head = head.partition("\n")
    file.write(declaration + "\n" + plain(head))
    if size_of_sets:
        write_sets(file, size_of_sets)
    file.write(plain(listeners))
    write_rules(file, count, plain(RULE), kind, first, original_host, servers)
    if tail:
        file.write(TAIL)


def apart(file, count):
    rules(file, 0, tail=False)
    template = plain(RULE).replace("/app/*", "/app%(n)d/*").replace("/static/*", "/static%(n)d/*")
    for n in range(count):
        file.write(template % fields_apart(n))
    file.write(TAIL)


def indented(file, count, kind=2):
    head, listeners = frame()
    text, depth = as_the_product(head + listeners, 0)
    file.write(text)
    template, _ = as_the_product(RULE, depth)
    write_rules(file, count, template, kind)
    file.write(as_the_product(TAIL, depth)[0])


def rule_size():
    return len(plain(RULE) % fields(0, 2))


def write(kind, number, path):
    if kind == "many":
        os.makedirs(path, exist_ok=True)
        for i in range(number):
            with open(os.path.join(path, "site-%04d.xml" % i), "w", encoding="ascii") as file:
                rules(file, 10 + i * 7 % 31, first=i * 50)
        return
    with open(path, "w", encoding="ascii", buffering=MIB) as file:
        if kind == "rules":
            rules(file, number)
        elif kind == "indented":
            indented(file, number)
        elif kind == "apart":
            apart(file, number)
        elif kind == "sets":
            rules(file, number, size_of_sets=9 * number * rule_size())
        else:
            rules(file, number * MIB // 2 // rule_size(), size_of_sets=number * MIB // 2)


def main(arguments):
    if len(arguments) != 3 or arguments[0] not in ("rules", "indented", "apart", "sets", "size", "many") or not arguments[1].isdigit():
        sys.stderr.write(__doc__)
        return 2
    write(arguments[0], int(arguments[1]), arguments[2])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
