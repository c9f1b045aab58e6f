"""export: makes exports at random, from a seed, and writes them as XML.

An export is first a dict of plain values, so that a test can take things away from it again: `listeners`, `rules` and the objects that
they name (`networks`, `elements`, `farms`, `schedules`), each a list of dicts. text() spells it in the product's format. Addresses, names
and servers are those of the test network (net.py). This file does not know what any of it means to a proxy.
"""

import struct
from xml.sax.saxutils import escape, quoteattr

import net

EXTERNAL, INTERNAL = "{F129EACF-778B-44FE-B339-5B752D7220A3}", "{4E32B556-0FAF-4A27-9111-085F679EDC9B}"
LOCAL, ANYWHERE = "{5ED77DCE-8110-4821-B445-008B7E6B7F6D}", "{BE20F10A-A274-436A-A7AD-63A9FC5ED19D}"
ALL_NETWORKS = "{18d0438b-5144-4362-b79e-742712513729}"
FILTER = "{f1076e51-bbaf-48ba-a2d7-b0875211e80d}"
ALL_USERS, AUTHENTICATED = "{DFFB7833-9365-4184-AABC-7CAFB018A7FA}", "{DE8CB0AA-FBE3-4105-9BB7-C2E17C34DDF4}"

NAMES = ["www.contoso.com", "mail.contoso.com", "a.mail.contoso.com", "contoso.com", "www.fabrikam.com", "fabrikam.com", "x.y.fabrikam.com",
         "*.contoso.com", "*.mail.contoso.com", "*.a.mail.contoso.com", "*.fabrikam.com", "*.y.fabrikam.com", "*.com", "WWW.Contoso.com",
         "portal.contoso.com.", "203.0.113.10", "203.0.113.12"]
# Elements that hold objects only, and need not be there without any.
CONTAINERS = ["ComputerSets", "ProxyScheduleTemplates", "ServerFarms", "NetworkSets"]
# External path -> internal ones beside itself.
PREFIXES = {"/*": ["/site/*", "/a/b/*"], "/a/*": ["/*", "/b/*", "/a/x/*"], "/a/b/*": ["/two/*", "/*"], "/owa/*": ["/owa2/*", "/*"], "/Exchange/*": ["/mail/*"],
            "/public/*": ["/inner/public/*"], "/docs/*": ["/a/*"], "/my docs/*": ["/docs/*"], "/a.b+c/*": ["/d/*"], "/caf\u00e9/*": ["/cafe/*"]}
FILES = {"/a/page.htm": ["/other/two.htm"], "/a/b/c.htm": ["/c.htm"], "/docs/file.htm": ["/file2.htm"], "/": ["/exchange\\", "/start.htm"], "/owa/logon.aspx": [],
         "/Default.htm": ["/x/y/z.htm"]}


METHODS = ["GET", "POST", "OPTIONS", "PROPFIND", "PUT", "DELETE", "BPROPPATCH"]
EXTENSIONS = [".exe", ".htm", ".aspx", ".htr", ".c", ".x_1", "dll", ".HTML"]
SIGNATURES = ["cmd.exe", "xp_cmdshell", "%2e%2e", "/x", "a+b=c", "<script", "Y.htm", "q=1&r", "100%", "..", "%41"]


def guid(kind, number):
    return "{%08x-0000-4000-8000-%012x}" % (kind, number)


# ---- by chance ------------------------------------------------------------------------------------------------------------------

def make_networks(rng):
    """The networks of the file; [] in one of ten, as in a partial export."""
    if rng.random() < 0.1:
        return []
    clients = [c for c in net.CLIENTS if ":" not in c]
    made = [{"guid": EXTERNAL, "name": "External", "type": 3, "ranges": []}, {"guid": LOCAL, "name": "Local Host", "type": 2, "ranges": []}]
    internal = [("10.0.0.0", "10.255.255.255")] if rng.random() < 0.5 else [around(rng, rng.choice(clients)) for _ in range(2)]
    made.append({"guid": INTERNAL, "name": "Internal", "type": 4, "ranges": internal})
    for number in range(rng.randrange(3)):
        ranges = [around(rng, rng.choice(net.CLIENTS)) for _ in range(rng.randrange(1, 3))]
        made.append({"guid": guid(0xdddddddd, number + 1), "name": "Network %d" % (number + 1), "type": 0, "ranges": ranges})
    return made


def around(rng, address):
    """A range whose ends lie on or just beside a client's address."""
    value = net.number(address)
    first = value - rng.choice([0, 0, 1, 3, 10]) + rng.choice([0, 0, 0, 1])
    last = max(first, value + rng.choice([-1, 0, 0, 1, 5, 20]))
    return net.address(first, ":" in address), net.address(last, ":" in address)


def make_host(rng, kind):
    """A computer, range or subnet."""
    address = rng.choice(net.CLIENTS)
    six = ":" in address
    if kind == "Computer":
        return {"kind": kind, "a": address}
    if kind == "AddressRange":
        first, last = around(rng, address)
        return {"kind": kind, "a": first, "b": last}
    bits = rng.choice([48, 64, 127, 128] if six else [8, 16, 24, 25, 30, 31, 32])
    mask = str(bits) if six else net.address((0xffffffff << (32 - bits)) & 0xffffffff, False)
    return {"kind": kind, "a": net.network_of(address, bits), "b": mask}


def make_elements(rng, networks):
    """What rules may name as sources, apart from networks."""
    made = [make_host(rng, kind) for kind in ("Computer", "Computer", "AddressRange", "AddressRange", "Subnet", "Subnet")]
    for _ in range(2):
        kinds = [rng.choice(["Computer", "AddressRange", "Subnet"]) for _ in range(rng.randrange(1, 5))]
        made.append({"kind": "ComputerSet", "members": [make_host(rng, kind) for kind in kinds]})
    for number in range(2 if networks else 0):
        chosen = rng.sample([n["guid"] for n in networks], rng.randrange(1, 3))
        made.append({"kind": "NetworkSet", "all_except": number == 1, "networks": chosen})
    for number, element in enumerate(made):
        element["guid"] = guid(0x99999999, number + 1)
    return made


def make_sources(rng, networks, elements):
    """A rule's sources: None (absent), or a list of {guid, class, excluded}."""
    way = rng.random()
    if way < 0.08:
        return None
    anywhere = {"guid": ANYWHERE, "class": "ComputerSet", "excluded": False}
    if way < 0.42:
        return [anywhere]
    if way < 0.45:
        return rng.choice([[], [dict(anywhere, guid=guid(0x12345678, 9))], [anywhere, {"guid": guid(0x12345678, 8), "class": "Computer", "excluded": True}]])
    pool = [{"guid": n["guid"], "class": "Network"} for n in networks if n["type"] != 2] * 2 + [{"guid": e["guid"], "class": e["kind"]} for e in elements]
    if networks:
        pool.append({"guid": ALL_NETWORKS, "class": "NetworkSet"})
    else:
        pool.append({"guid": EXTERNAL, "class": "Network"})
    chosen = [dict(one, excluded=False) for one in rng.sample(pool, rng.choice([1, 1, 2, 3]))]
    if rng.random() < 0.15:
        chosen = [anywhere]
    if rng.random() < 0.4 or chosen == [anywhere]:
        chosen += [dict(one, excluded=True) for one in rng.sample(pool, rng.choice([1, 1, 2]))]
    return chosen


def make_listeners(rng):
    places = rng.sample(net.LISTENERS, len(net.LISTENERS))
    made = []
    for number in range(rng.choice([1, 1, 1, 2, 2, 3])):
        http, https = rng.choice([(80, 443), (80, 443), (80, 443), (8080, 4443), (80, 8443), (0, 443), (80, 0), (8080, 443)])
        redirect = rng.choice([0, 0, 0, 0, 0, 1, 1, 2])
        addresses = [places.pop() for _ in range(rng.choice([1, 1, 1, 2]))]
        if number and rng.random() < 0.2:
            # The same address, other ports.
            addresses, http, https = made[0]["addresses"][:1], 8123, 8243
        always = rng.random() < 0.05
        made.append({"guid": guid(0x22222222, number + 1), "name": "Listener %d" % (number + 1), "addresses": addresses, "http": http, "https": https,
                     "redirect": redirect, "windows": rng.choice([0, 0, 1, None]) if not always else 1, "always": always,
                     "trust": rng.choice([[], ["Root"], ["Root"], ["Root", "Root"], ["Root", "Intermediate"]]), "use_trust": rng.choice([None, None, None, 1, 0])})
        if len(made) == 2 and made[1]["http"] == 8123:
            break
    return made


def make_paths(rng):
    """[(external, internal)]; [] is closed."""
    way = rng.random()
    if way < 0.02:
        return []
    if way < 0.4:
        return [("/*", "/*")]
    table = dict(PREFIXES, **FILES)
    chosen = rng.sample(sorted(table), rng.choice([1, 1, 2, 3, 4]))
    if rng.random() < 0.93:
        # The product refuses a path below another of the same rule; seldom a file has it all the same.
        def inside(one, other):
            return other.endswith("*") and (one.lower() + "/").startswith(other[:-1].lower())
        chosen = [one for one in chosen if not any(inside(one, other) for other in chosen if other != one)]
    if not any(one in ("/caf\u00e9/*", "/my docs/*", "/a.b+c/*") for one in chosen) or rng.random() < 0.5:
        return [(one, rng.choice([one] * 2 + table[one])) for one in chosen]
    return [("/a/*", "/a/*")]


def make_target(rng, farms):
    """Where an allow rule leads."""
    site, server = rng.choice(sorted(net.NAMES)), rng.choice([None, None, "ip", "name"])
    if server == "ip":
        server = rng.choice(sorted(net.SERVERS))
    elif server == "name":
        server = rng.choice(sorted(net.NAMES))
    made = {"site": site, "server": server, "site_in": "RedirectUrl" if rng.random() < 0.04 else "WebSite", "farm": None, "affinity": None}
    if farms and rng.random() < 0.2:
        made.update(farm=rng.choice(farms)["guid"], affinity=rng.choice([None, 0, 1]))
    elif rng.random() < 0.05:
        made.update(site=None, server=rng.choice(sorted(net.SERVERS) + sorted(net.NAMES)))
    return made


def make_filter(rng):
    """The HTTP filter of a rule: of each setting what it says, None where it says nothing."""
    def listed(words):
        return (rng.choice([1, 1, 2, 2, 2, 0]), rng.sample(words, rng.choice([0, 1, 2, 3, 5, len(words)])))
    made = dict.fromkeys(["verbs", "extensions", "max_url", "max_query", "high_bit", "verify", "dots", "normalize"])
    made["signatures"] = []
    for setting in rng.sample(["verbs", "verbs", "extensions", "extensions", "max_url", "max_query", "high_bit", "verify", "dots", "signatures"], rng.choice([1, 2, 3, 4])):
        if setting == "verbs":
            # GET passes as a rule, or there would be nothing left to look at.
            made["verbs"] = (1, ["GET", "POST"]) if rng.random() < 0.3 else listed(METHODS)
            if rng.random() < 0.85:
                made["verbs"] = (made["verbs"][0], [m for m in made["verbs"][1] if m != "GET"] + ["GET"] * (made["verbs"][0] == 1))
        elif setting == "extensions":
            made["extensions"] = listed(EXTENSIONS)
            if made["extensions"][0] == 1 and rng.random() < 0.8:
                made["extensions"][1].append(".")
        elif setting == "max_url":
            made["max_url"] = rng.choice([5, 12, 20, 60, 260, 10240])
        elif setting == "max_query":
            made["max_query"] = rng.choice([1, 4, 9, 9, 50, 300, 20000])
        elif setting == "signatures":
            made["signatures"] = [(text, rng.random() < 0.85) for text in rng.sample(SIGNATURES, rng.choice([1, 2, 3]))]
        else:
            made[setting] = {"high_bit": 0}.get(setting, 1)
    made["normalize"] = rng.choice([None, 0, 1])
    return made


def make_rule(rng, number, spec):
    deny = rng.random() < 0.18
    rule = {"guid": guid(0x55555555, number), "name": "Rule %d" % number, "enabled": rng.random() > 0.06, "deny": deny,
            "redirect": rng.choice(["http://www.fabrikam.com/sorry.htm?x=1&y=%20", "https://sorry.contoso.com"]) if deny and rng.random() < 0.35 else None,
            "listener": rng.choice(spec["listeners"])["guid"], "sources": make_sources(rng, spec["networks"], spec["elements"]),
            "all_names": rng.random() < 0.08, "names": rng.sample(NAMES, rng.choice([1, 1, 1, 2, 3])), "paths": make_paths(rng),
            "schedule": rng.choice(spec["schedules"])["guid"] if rng.random() < 0.12 else None,
            "users": rng.choice(["all"] * 12 + [None, "authenticated", "group", "unknown"]), "require_ssl": 1 if rng.random() < 0.08 else None,
            "bridging": rng.choice([0, 1, 1, 2, 2, None]) if rng.random() > 0.01 else 3, "http_port": rng.choice([None, 80, 8080]),
            "https_port": rng.choice([None, 443, 4443, 8443]), "original_host": rng.choice([1, 1, 1, 0, None]),
            "delegation": rng.choice([0, 0, 0, 1, 1, None, 3, 4]), "claim": 1 if rng.random() < 0.06 else None}
    rule["filter"] = make_filter(rng) if rng.random() < 0.4 else None
    if rule["all_names"]:
        rule["names"] = []
    rule.update(make_target(rng, spec["farms"]))
    return rule


def make(rng, weekday, hour):
    """An export for clients that ask at this local hour (weekday 0 = Sunday)."""
    spec = {"networks": make_networks(rng)}
    spec["elements"] = make_elements(rng, spec["networks"])
    now = [0] * 24
    now[hour] = 1 << weekday
    off = [0x7f ^ bits for bits in now]
    around_now = [bits if (h - hour) % 24 in (1, 23) else 0 for h, bits in enumerate([0x7f] * 24)]
    spec["schedules"] = [{"guid": guid(0x77777777, n + 1), "name": "Schedule %d" % (n + 1), "hours": h} for n, h in enumerate([now, off, around_now, [0x3e] * 24])]
    spec["farms"] = []
    for number in range(rng.randrange(3)):
        members = [{"address": a, "drained": rng.random() < 0.25} for a in rng.sample(sorted(net.SERVERS) + sorted(net.NAMES)[:3], rng.choice([2, 2, 3]))]
        members[0]["drained"] = False
        spec["farms"].append({"guid": guid(0xfafafafa, number + 1), "name": "Farm %d" % (number + 1), "members": members, "verifier": rng.choice([None, "http", "tcp"])})
    spec["listeners"] = make_listeners(rng)
    spec["rules"] = [make_rule(rng, n + 1, spec) for n in range(rng.choice([1, 2, 3, 4, 5, 6, 8, 10, 12]))]
    orders = rng.sample(range(1, 1000), len(spec["rules"]))
    for rule, order in zip(spec["rules"], sorted(orders) if rng.random() < 0.3 else orders):
        rule["order"] = order
    spec["publishing"] = rng.random() > 0.02
    spec["options"] = []
    closed = [r["name"] for r in spec["rules"] if r["users"] in ("authenticated", "group") or r["claim"] or not r["paths"] or r["schedule"]]
    if rng.random() < 0.25:
        spec["options"] = ["--pass-through", rng.choice(closed + ["all"])]
    return spec


# ---- as XML ---------------------------------------------------------------------------------------------------------------------

class Writer:
    def __init__(self):
        self.lines, self.stack, self.serial = [], [], 0

    def open(self, name, storage):
        self.lines.append('%s<fpc4:%s StorageName="%s" StorageType="1">' % ("\t" * (len(self.stack) + 1), name, escape(storage)))
        self.stack.append(name)

    def close(self):
        """An object that turned out empty is left out."""
        name = self.stack.pop()
        if self.lines[-1].startswith("%s<fpc4:%s StorageName=" % ("\t" * (len(self.stack) + 1), name)) and name in CONTAINERS:
            self.lines.pop()
            return
        self.lines.append("%s</fpc4:%s>" % ("\t" * (len(self.stack) + 1), name))

    def value(self, name, kind, value):
        """A scalar; None is one that the file leaves out."""
        if value is not None:
            value = int(value) if isinstance(value, bool) else value
            self.lines.append('%s<fpc4:%s dt:dt="%s">%s</fpc4:%s>' % ("\t" * (len(self.stack) + 1), name, kind, escape(str(value)), name))

    def strings(self, outer, inner, texts):
        self.open(outer, outer)
        self.lines.append("%s<fpc4:%s>" % ("\t" * (len(self.stack) + 1), inner))
        for text in texts:
            self.value("Str", "string", text)
        self.lines.append("%s</fpc4:%s>" % ("\t" * (len(self.stack) + 1), inner))
        self.close()

    def ref(self, storage, target, kind, excluded=False, enterprise=False):
        self.serial += 1
        self.open("Ref", storage or guid(0x0b1ec700, self.serial))
        self.value("Name", "string", target)
        self.value("RefClass", "string", "msFPC" + kind)
        self.value("IncludeStatus", "int", 1 if excluded else None)
        self.value("Scope", "int", 1 if enterprise else None)
        self.close()


def put_host(w, host, identity):
    kind = host["kind"]
    w.open(kind, identity)
    if kind == "AddressRange":
        w.value("IPFrom", "string", host["a"])
        w.value("IPTo", "string", host["b"])
    else:
        w.value("IPAddress", "string", host["a"])
        w.value("IPMask", "string", host.get("b"))
    w.value("Name", "string", kind + " " + host["a"])
    w.close()


def put_hosts(w, hosts):
    """Each kind in a container of its own; a host beside another keeps its place in the list as its identity."""
    for kind, container in (("AddressRange", "AddressRanges"), ("Computer", "Computers"), ("Subnet", "Subnets")):
        chosen = [(n, h) for n, h in enumerate(hosts) if h["kind"] == kind]
        if chosen:
            w.open(container, container)
            for number, host in chosen:
                put_host(w, host, host.get("guid") or guid(0x9a9a9a9a, number + 1))
            w.close()


def put_elements(w, spec):
    hosts = [e for e in spec["elements"] if e["kind"] in ("Computer", "AddressRange", "Subnet")]
    put_hosts(w, hosts)
    w.open("ComputerSets", "ComputerSets")
    for element in spec["elements"]:
        if element["kind"] == "ComputerSet":
            w.open("ComputerSet", element["guid"])
            w.value("Name", "string", "Set " + element["guid"][-3:-1])
            put_hosts(w, element["members"])
            w.close()
    w.close()
    w.open("ProxyScheduleTemplates", "ProxyScheduleTemplates")
    for schedule in spec["schedules"]:
        w.open("ProxyScheduleTemplate", schedule["guid"])
        w.value("Name", "string", schedule["name"])
        w.value("ScheduleTemplate", "bin.hex", bytes(schedule["hours"]).hex())
        w.close()
    w.close()
    if any(rule["users"] == "group" for rule in spec["rules"]):
        w.open("UserSets", "UserSets")
        w.open("UserSet", guid(0x66666666, 1))
        w.value("Name", "string", "Partners")
        w.open("Accounts", "Access")
        w.open("Account", "CONTOSO-Partners")
        w.value("AccountSid", "string", "S-1-5-21-1-2-3-1200")
        w.value("AccountType", "int", 1)
        for _ in range(4):
            w.close()


def put_farms(w, spec):
    w.open("ServerFarms", "ServerFarms")
    for farm in spec["farms"]:
        w.open("ServerFarm", farm["guid"])
        w.value("Name", "string", farm["name"])
        if farm["verifier"]:
            w.open("ConnectivityVerifier", "ConnectivityVerifier")
            w.value("Name", "string", "verifier")
            w.value("ServerAddress", "string", "http://*/" if farm["verifier"] == "http" else None)
            w.value("RequestType", "int", 2 if farm["verifier"] == "tcp" else None)
            w.value("TCPPort", "int", 80 if farm["verifier"] == "tcp" else None)
            w.close()
        w.open("PublishedServers", "PublishedServers")
        for number, member in enumerate(farm["members"]):
            w.open("PublishedServer", farm["guid"][:-4] + "%02x}" % number)
            w.value("DrainStopped", "boolean", 1 if member["drained"] else None)
            w.value("NameOrIP", "string", member["address"])
            w.close()
        w.close()
        w.close()
    w.close()


def put_listener(w, listener):
    w.open("WebListener", listener["guid"])
    w.value("Name", "string", listener["name"])
    w.open("IPsOnNetworks", "IPsOnNetworks")
    w.open("IPOnNetwork", guid(0x33333333, 1))
    w.value("IPSelectionMethod", "int", 2)
    w.ref("Network", EXTERNAL, "Network")
    w.strings("IPAddresses", "IPAddressesStrings", listener["addresses"])
    w.close()
    w.close()
    w.open("WebListenerProperties", "WebListenerProperties")
    w.value("AlwaysAuthenticate", "boolean", 1 if listener["always"] else None)
    w.value("IntegratedWindowsAuthentication", "boolean", listener["windows"])
    w.value("RedirectHTTPAsHTTPS", "int", listener["redirect"] or None)
    w.value("SSLPort", "int", listener["https"] or None)
    w.value("TCPPort", "int", listener["http"])
    w.value("UseSSLClientCertificatesTrustList", "boolean", listener["use_trust"])
    w.open("AppliedSSLCertificates", "AppliedSSLCertificates")
    w.open("AppliedSSLCertificate", guid(0x44444444, 1))
    w.value("SSLCertificateHash", "bin.hex", "a1" * 20)
    w.close()
    w.close()
    for number, kind in enumerate(listener["trust"]):
        w.open("AppliedSSLCertificates", "SSLClientCertificatesTrustList" + kind)
        w.open("AppliedSSLCertificate", guid(0x45454545, number + 1))
        w.value("SSLCertificateHash", "bin.hex", "%02x" % (0xc1 + number) * 20)
        w.close()
        w.close()
    for _ in range(2):
        w.close()


def put_networks(w, spec):
    if not spec["networks"]:
        return
    w.open("NetConfig", "NetConfig")
    w.open("Networks", "Networks")
    for network in spec["networks"]:
        w.open("Network", network["guid"])
        w.value("Name", "string", network["name"])
        w.value("NetworkType", "int", network["type"] or None)
        if network["ranges"]:
            w.open("IpRangeSet", "IpRangeSet")
            for number, (first, last) in enumerate(network["ranges"]):
                w.open("IpRangeEntry", guid(0xcccccccc, number + 1))
                w.value("IPFrom", "string", first)
                w.value("IPTo", "string", last)
                w.close()
            w.close()
        w.close()
    w.close()
    w.open("NetworkSets", "NetworkSets")
    for element in spec["elements"]:
        if element["kind"] == "NetworkSet":
            w.open("NetworkSet", element["guid"])
            w.value("Name", "string", "Network set " + element["guid"][-3:-1])
            w.value("NetworkSetType", "int", 1 if element["all_except"] else None)
            w.open("Refs", "Networks")
            for network in element["networks"]:
                w.ref(None, network, "Network")
            w.close()
            w.close()
    w.close()
    w.close()


def put_sources(w, sources):
    if sources is None:
        return
    w.open("SelectionIPs", "SourceSelectionIPs")
    for kind in dict.fromkeys(s["class"] for s in sources):
        w.open("Refs", kind + "s")
        for source in sources:
            if source["class"] == kind:
                w.ref(None, source["guid"], kind, source["excluded"])
        w.close()
    w.close()


def put_users(w, users):
    if users is not None:
        target = {"all": ALL_USERS, "authenticated": AUTHENTICATED, "group": guid(0x66666666, 1), "unknown": guid(0x66666666, 99)}[users]
        w.open("Refs", "UserSets")
        w.ref(None, target, "UserSet", enterprise=users in ("all", "authenticated"))
        w.close()


def policy(settings):
    """The filter in its own XML."""
    def attribute(name, value):
        return "" if value is None else " %s=%s" % (name, quoteattr(str(value)))

    def listing(element, entry, said):
        if said is None:
            return ""
        return '<%s AllowCondition="%d">%s</%s>' % (element, said[0], "".join('<%s Value=%s Description=""/>' % (entry, quoteattr(v)) for v in said[1]), element)
    signatures = "".join('<Signature Name="s%d" Description="" Enabled="%d" Pattern=%s FormatIsText="1" SearchInType="0"/>' % (n, enabled, quoteattr(text))
                         for n, (text, enabled) in enumerate(settings["signatures"]))
    return '<Configuration BlockExecutables="0" MaxRequestBodyLen="-1"><UrlValidation%s>%s</UrlValidation>%s<DeniedSignatures>%s</DeniedSignatures></Configuration>' % (
        "".join(attribute(name, settings[key]) for key, name in (("normalize", "NormalizeBeforeScan"), ("verify", "VerifyNormalization"), ("high_bit", "AllowHighBitCharacters"),
                                                                ("dots", "BlockDotInPath"), ("max_url", "MaxLength"), ("max_query", "MaxQueryLength"))),
        listing("Extensions", "Extension", settings["extensions"]), listing("Verbs", "Verb", settings["verbs"]), signatures)


def put_filter(w, settings):
    """As the blob of a vendor parameter set: one named text."""
    def text(string):
        return struct.pack("<I", len(string) + 1) + (string + "\0").encode("utf-16-le")
    if settings is None:
        return
    w.open("VendorParametersSets", "VendorParametersSets")
    w.open("VendorParametersSet", FILTER)
    w.value("BlobData", "bin.hex", (struct.pack("<I", 1) + text("XML_POLICY") + struct.pack("<H", 8) + text(policy(settings))).hex())
    w.value("Name", "string", FILTER)
    w.close()
    w.close()


def put_rule(w, rule):
    w.open("PolicyRule", rule["guid"])
    w.value("Action", "int", 1 if rule["deny"] else None)
    w.value("AppliesAlways", "boolean", 0 if rule["schedule"] else None)
    w.value("Enabled", "boolean", rule["enabled"])
    w.value("Name", "string", rule["name"])
    w.value("Order", "bin.hex", struct.pack("<I", rule["order"]).hex() + "00000000")
    w.value("Type", "int", 2)
    if rule["schedule"]:
        w.ref("ScheduleUsed", rule["schedule"], "ProxyScheduleTemplate")
    put_sources(w, rule["sources"])
    put_filter(w, rule["filter"])
    w.open("WebPublishingProperties", "WebPublishingProperties")
    w.value("AllPublicNames", "boolean", 1 if rule["all_names"] else None)
    w.value("CredentialsDelegationType", "int", rule["delegation"])
    w.value("HTTPRedirectPort", "int", rule["http_port"])
    w.value("PublishedServerIP", "string", rule["server"])
    w.value("PublishedServerType", "int", rule["bridging"])
    if rule["deny"]:
        w.value("RedirectUrl", "string", rule["redirect"])
    elif rule["site_in"] == "RedirectUrl":
        w.value("RedirectUrl", "string", rule["site"] and "http://%s/" % rule["site"])
    w.value("SendOriginalHostHeader", "boolean", rule["original_host"])
    w.value("SSLClientCertificateClaim", "int", rule["claim"])
    w.value("SSLRedirectPort", "int", rule["https_port"])
    w.value("SSLRequireSecureChannel", "int", rule["require_ssl"])
    if rule["deny"] or rule["site_in"] == "WebSite":
        w.value("WebSite", "string", rule["site"])
    w.ref("WebListenerUsed", rule["listener"], "WebListener")
    put_users(w, rule["users"])
    if rule["names"]:
        w.strings("PublicNames", "PublicNameStrings", rule["names"])
    if rule["paths"]:
        w.open("PathMappings", "PathMappings")
        for number, (external, internal) in enumerate(rule["paths"]):
            w.open("PathMapping", guid(0x88888888, number + 1))
            w.value("ExternalPath", "string", external)
            w.value("InternalPath", "string", internal)
            w.close()
        w.close()
    if rule["farm"]:
        w.open("LoadBalancingConfig", "LoadBalancingConfig")
        w.value("AffinityType", "int", rule["affinity"])
        w.ref("ServerFarmUsed", rule["farm"], "ServerFarm")
        w.close()
    w.close()
    w.close()


def text(spec):
    w = Writer()
    w.open("Arrays", "Arrays")
    w.open("Array", guid(0x11111111, 1))
    w.value("Name", "string", "EDGE")
    w.open("RuleElements", "RuleElements")
    put_elements(w, spec)
    put_farms(w, spec)
    w.open("WebListeners", "WebListeners")
    for listener in spec["listeners"]:
        put_listener(w, listener)
    w.close()
    w.close()
    put_networks(w, spec)
    w.open("ArrayPolicy", "ArrayPolicy")
    w.open("PolicyRules", "PolicyRules")
    for rule in spec["rules"]:
        put_rule(w, rule)
    w.close()
    w.close()
    if not spec["publishing"]:
        w.open("PolicyAssignment", "PolicyAssignment")
        w.value("EnablePublishingRules", "boolean", 0)
        w.close()
    w.close()
    w.close()
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<fpc4:Root xmlns:fpc4="http://schemas.microsoft.com/isa/config-4" '
            'xmlns:dt="urn:schemas-microsoft-com:datatypes" StorageName="FPC" StorageType="0">\n\t<fpc4:Build dt:dt="string">7.0.9193.500</fpc4:Build>\n'
            '\t<fpc4:OptionalData dt:dt="int">12</fpc4:OptionalData>\n%s\n</fpc4:Root>\n' % "\n".join(w.lines))
