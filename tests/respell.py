#!/usr/bin/env python3
"""Rewrites an export so that it is spelled otherwise and means the same.

respell.py [-v] SEED IN OUT
respell.py --list       lines "SEED TAB IN TAB OUT" on standard input, one python for all;
                        a line that cannot be done is named, and the status is 1

What may change is taken from the description of the format alone: prefix,
order of elements, case of element names and GUIDs, defaults stated or left
out, alternatives of one element, spelling of booleans, layout, escapes.
The same seed gives the same output. -v names the changes on standard error.
It must know nothing of the reader under test.

Elements of the same name keep their order among themselves, but for the rules
of a policy when each states an Order of its own: what is listed in the order
of the file stays comparable. Rows for defaults that are uncertain (Enabled,
TCPPort, IntegratedWindowsAuthentication) are left out on purpose.
"""
import random
import re
import sys
import xml.parsers.expat

NS = "http://schemas.microsoft.com/isa/config-4"
DT = "urn:schemas-microsoft-com:datatypes"
XML = "http://www.w3.org/XML/1998/namespace"
GUID = re.compile(r"^\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}$")
HOST = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")

# parent: {element: the value that its absence means}
DEFAULTS = {
    "policyrule": {"Action": "0", "AppliesAlways": "1", "System": "0", "IsDefaultRule": "0", "EnableLogging": "1"},
    "webpublishingproperties": {
        "PublishedServerType": "0", "HTTPRedirectPort": "80", "SSLRedirectPort": "443", "FTPRedirectPort": "21",
        "SSLRequireSecureChannel": "0", "SendOriginalHostHeader": "0", "UseFirewallIPAsSource": "1",
        "AllPublicNames": "0", "CredentialsDelegationType": "1", "ServicePrincipalName": "", "TranslateLinks": "0",
        "SendAcceptEncodingHeader": "0", "PassOptionsRequestsToServer": "1", "CustomFormsDirectory": "",
        "LinkTranslationMode": "0", "LinkTranslationOptions": "0", "LogoffURL": "", "PublishedServerApplication": "0",
        "CredentialsDelegationPersistence": "0", "SSLClientCertificateClaim": "0", "RequireSSLClientCertificate": "0"},
    "weblistenerproperties": {
        "SSLPort": "0", "RedirectHTTPAsHTTPS": "0", "BasicAuthentication": "0", "DigestAuthentication": "0",
        "SSLCertificateAuthentication": "0", "AlwaysAuthenticate": "0", "Domain": "",
        "BasicAuthPersistSingleRequest": "1", "DigestAuthPersistSingleRequest": "1",
        "IntegratedAuthPersistSingleRequest": "1", "ReturnAuthRequiredIfAuthUserDenied": "0",
        "SingleRadiusAuthPerSession": "0", "ListenerConnectionTimeout": "120", "SSOEnabled": "0",
        "SSLAcceleratorPort": "0"},
    "iponnetwork": {"IPSelectionMethod": "1"},
    "ref": {"Scope": "0", "IncludeStatus": "0"},
    "loadbalancingconfig": {"AffinityType": "0"},
    "publishedserver": {"DrainStopped": "0"},
    "connectivityverifier": {"Enabled": "1", "AlertEnabled": "1", "GroupType": "4", "RequestType": "0",
                             "Threshold": "5000"},
    "serverpublishingproperties": {"UseFirewallIPAsSource": "0", "OverridePublishPort": "0",
                                   "OverrideServerPort": "0"},
    "accessproperties": {"ProtocolSelectionMethod": "0", "AppliesToContentMethod": "0"},
    "network": {"NetworkType": "0", "NetworkConnectionType": "0"},
    "networkset": {"NetworkSetType": "0"},
    "networkrule": {"RoutingType": "1"},
    "policyassignment": {"EnableAllowRules": "1", "EnableDenyRules": "1", "EnablePublishingRules": "1"},
    "urlset": {"Predefined": "0"}, "userset": {"Predefined": "0"}, "domainnameset": {"Predefined": "0"},
    "protocol": {"Predefined": "0", "Hidden": "0", "ApplicationFilterDefined": "0"},
}
BOOLEANS = set("""appliesalways system isdefaultrule enablelogging sendoriginalhostheader usefirewallipassource
    allpublicnames translatelinks sendacceptencodingheader passoptionsrequeststoserver requiresslclientcertificate
    basicauthentication digestauthentication sslcertificateauthentication alwaysauthenticate
    basicauthpersistsinglerequest digestauthpersistsinglerequest integratedauthpersistsinglerequest
    returnauthrequiredifauthuserdenied singleradiusauthpersession ssoenabled drainstopped enabled alertenabled
    enableallowrules enabledenyrules enablepublishingrules predefined hidden applicationfilterdefined
    integratedwindowsauthentication sameasinternalpath loadbalancingenabled delegatebasiccredentials""".split())
STRINGS = {"serviceprincipalname", "customformsdirectory", "logoffurl", "domain"}
HEX = {"order", "blobdata", "scheduletemplate", "sslcertificatehash"}
# Elements that may hold the published site, best first; those that a stated
# server may stand in, too, are no substitutes.
SITES = ("website", "websitename", "publishedsite", "publishedsitename", "publishedwebsite", "internalsitename",
         "sitename", "redirecthost", "publishedservername")
SERVERS = ("publishedserver", "publishedserverip", "publishedservername", "publishedservernameorip")
# StorageNames that are guesses and must not be matched on.
GUESSED = {"webpublishingproperties", "publicnames", "pathmappings", "loadbalancingconfig", "weblistenerproperties"}


class Node:
    def __init__(self, uri, name, attrs):
        self.uri, self.name, self.attrs, self.kids, self.text, self.parent = uri, name, attrs, [], "", None

    @property
    def low(self):
        """The name without regard to case; a name of another namespace equals none of ours."""
        return self.name.lower() if self.uri == NS else "?"

    def all(self, low):
        return [k for k in self.kids if k.low == low]

    def get(self, low):
        """The text of the only child of that name; None without one, False with several."""
        found = self.all(low)
        return None if not found else found[0].text if len(found) == 1 and not found[0].kids else False

    def add(self, name, text, kind):
        k = Node(NS, name, {(DT, "dt"): kind})
        k.text, k.parent = text, self
        self.kids.append(k)

    def walk(self):
        todo = [self]
        while todo:
            n = todo.pop()
            yield n
            todo.extend(reversed(n.kids))


def split(name):
    return tuple(name.split("\n", 1)) if "\n" in name else ("", name)


def parse(data):
    top = Node("", "", {})
    stack = [top]
    p = xml.parsers.expat.ParserCreate(namespace_separator="\n")
    p.buffer_text = True

    def start(name, attrs):
        n = Node(*split(name), {split(k): v for k, v in attrs.items()})
        n.parent = stack[-1]
        stack[-1].kids.append(n)
        stack.append(n)

    def end(_name):
        stack.pop()

    def text(s):
        stack[-1].text += s

    p.StartElementHandler, p.EndElementHandler, p.CharacterDataHandler = start, end, text
    p.Parse(data, True)
    for n in top.kids[0].walk():
        if n.kids and not n.text.strip():
            n.text = ""
    top.kids[0].parent = None
    return top.kids[0]


class Respeller:
    def __init__(self, seed):
        self.r = random.Random("respell %s" % seed)
        self.done = []

    def may(self, what, chance=0.5):
        """Decides once a file whether a change is made at all."""
        yes = self.r.random() < chance
        if yes:
            self.done.append(what)
        return yes

    def coin(self, chance=0.5):
        return self.r.random() < chance

    # ---- what it says -------------------------------------------------------
    def change(self, root):
        nodes = list(root.walk())
        state, leave = self.may("defaults stated"), self.may("defaults left out")
        for n in nodes:
            self.defaults(n, state, leave)
        rules = [n for n in nodes if n.low == "policyrule"]
        if self.may("type left out"):
            for n in rules:
                if len(n.all("webpublishingproperties")) == 1 and n.get("type") == "2":
                    n.kids = [k for k in n.kids if k.low != "type"]
        if self.may("site in another element"):
            for n in rules:
                self.site(n)
        if self.may("paths"):
            for n in nodes:
                self.path(n)
        if self.may("include status"):
            for n in nodes:
                if n.low in ("includestatus", "includesatus") and n.parent.low == "ref":
                    n.name = "IncludeSatus" if n.low == "includestatus" else "IncludeStatus"
        if self.may("storage names"):
            self.storage_names(nodes)
        if self.may("order of rules"):
            for n in nodes:
                if n.low == "policyrules":
                    self.rules(n)
        if self.may("order of elements"):
            for n in root.walk():
                self.shuffle(n)

    def certain(self, n, name):
        """Whether absence of the element means a value here, for sure."""
        low = name.lower()
        if n.low == "weblistenerproperties":
            if n.parent.low != "weblistener":
                return False
            # Which default TCPPort has depends on SSLPort.
            return low != "sslport" or n.get("tcpport") is not None
        if n.low == "ref" and low == "includestatus":
            selection = n.parent.parent
            return n.parent.low == "refs" and selection.low == "selectionips" and not n.all("includesatus")
        if n.low == "webpublishingproperties":
            # ISA 2004 has DelegateBasicCredentials instead.
            return low != "credentialsdelegationtype" or not n.all("delegatebasiccredentials")
        return True

    def defaults(self, n, state, leave):
        for name, value in DEFAULTS.get(n.low, {}).items():
            if not self.certain(n, name) or (n.low == "ref" and not n.kids):
                continue
            low = name.lower()
            there = n.get(low)
            if there is None and state and self.coin():
                n.add(name, value, "boolean" if low in BOOLEANS else "string" if low in STRINGS else "int")
            elif there == value and leave and self.coin():
                n.kids = [k for k in n.kids if k.low != low]

    def site(self, rule):
        allow = rule.get("action") in (None, "0")
        for w in rule.all("webpublishingproperties"):
            holders = [k for k in w.kids if k.low in SITES + ("redirecturl",)]
            if len(holders) != 1 or not HOST.match(holders[0].text) or holders[0].kids or not allow:
                continue
            k = holders[0]
            if k.low in SERVERS:
                continue
            if k.low in ("website", "redirecturl"):
                k.name = self.r.choice(["WebSite", "RedirectUrl", "RedirectURL"] +
                                       ["WebSiteName", "PublishedSite", "InternalSiteName", "SiteName"])
            servers = [k for k in w.kids if k.low in SERVERS]
            if len(servers) == 1 and servers[0].low == "publishedserverip":
                servers[0].name = self.r.choice(["PublishedServerIP", "PublishedServer", "PublishedServerNameOrIP"])

    def path(self, n):
        if n.low != "pathmapping":
            return
        inner, outer, same = n.get("internalpath"), n.get("externalpath"), n.get("sameasinternalpath")
        if not inner or outer == "" or outer is False or same is False:
            return
        if outer == inner or outer is None:
            # Absent and equal mean the same, with SameAsInternalPath 1, 0 or none.
            n.kids = [k for k in n.kids if k.low not in ("externalpath", "sameasinternalpath")]
            if self.coin():
                n.add("ExternalPath", inner, "string")
            if self.coin():
                n.add("SameAsInternalPath", self.r.choice("01"), "boolean")
        elif same == "0":
            n.kids = [k for k in n.kids if k.low != "sameasinternalpath"]
        elif same is None and self.coin():
            n.add("SameAsInternalPath", "0", "boolean")

    def storage_names(self, nodes):
        key = ("", "StorageName")
        for n in nodes:
            if key not in n.attrs:
                continue
            webref = (n.low == "ref" and n.parent.low == "webpublishingproperties" and
                      n.get("refclass") == "msFPCWebListener")
            if n.low in GUESSED or webref:
                n.attrs[key] = self.r.choice(["Config", "x", n.name + "1", "{3f1e5c77-0000-4000-8000-0000000000ff}"])

    def rules(self, n):
        rules = n.all("policyrule")
        orders = [r.get("order") for r in rules]
        if not all(o and re.match(r"^[0-9A-Fa-f]{16}$", o) for o in orders):
            return
        if len({o[:8].upper() for o in orders}) != len(orders):
            return
        self.r.shuffle(rules)
        it = iter(rules)
        n.kids = [next(it) if k.low == "policyrule" else k for k in n.kids]

    def shuffle(self, n):
        """Mixes the children; those of one name keep their order among themselves."""
        if n.uri != NS or n.text:
            return
        names = [k.low for k in n.kids]
        self.r.shuffle(names)
        queues = {}
        for k in n.kids:
            queues.setdefault(k.low, []).append(k)
        n.kids = [queues[name].pop(0) for name in names]

    # ---- how it is written --------------------------------------------------
    def spelling(self, nodes):
        cases = [str, str.lower, str.upper, str.swapcase, str.capitalize]
        spelled = {}
        if self.may("case of element names"):
            for n in nodes:
                if n.uri == NS:
                    # One spelling a name and file, so that lists of names stay lists of names.
                    spelled.setdefault(n.name, self.r.choice(cases)(n.name))
        flip, hexcase = self.may("case of GUIDs"), self.may("case of hex digits")
        drop_type, drop_storage = self.may("no dt:dt"), self.may("no StorageType")
        booleans = self.may("booleans")
        for n in nodes:
            if n.uri != NS:
                continue
            key = ("", "StorageName")
            if flip and GUID.match(n.attrs.get(key, "")):
                n.attrs[key] = self.r.choice(cases[:4])(n.attrs[key])
            holder = n.parent.low if n.parent else ""
            if flip and n.low == "name" and holder in ("ref", "vendorparametersset") and GUID.match(n.text):
                n.text = self.r.choice(cases[:4])(n.text)
            if hexcase and n.low in HEX and re.match(r"^([0-9A-Fa-f]{2})+$", n.text):
                n.text = self.r.choice(cases[:3])(n.text)
            if booleans and n.attrs.get((DT, "dt")) == "boolean" and n.text in ("0", "1"):
                n.text = self.r.choice(["0", "false"] if n.text == "0" else ["1", "true", "-1"])
            if drop_storage:
                n.attrs.pop(("", "StorageType"), None)
            if drop_type:
                n.attrs.pop((DT, "dt"), None)
            n.name = spelled.get(n.name, n.name)

    def write(self, root):
        self.prefix = self.r.choice(["fpc4", "fpc4", "f", "ns0", "isa_config.4-x", ""])
        self.done.append("prefix %r" % self.prefix)
        self.dt = self.r.choice(["dt", "t", "fpc4" if self.prefix != "fpc4" else "d"])
        layout = self.r.choice(["one line", "spaces", "tabs", "wild"])
        self.done.append(layout)
        self.noise = self.may("comments and instructions", 0.4)
        self.escapes = self.may("CDATA and references", 0.4)
        self.mix = self.may("order of attributes")
        self.layout = layout
        out = [self.r.choice(['<?xml version="1.0" encoding="UTF-8"?>', "<?xml version='1.0' encoding='utf-8'?>",
                              '<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', ""])]
        self.gap(out, 0)
        if not out[0]:
            out = []
        self.element(out, root, 0, NS if self.prefix == "" else "", True)
        return "".join(out) + self.r.choice(["", "\n", "\n<!-- end -->\n"])

    def gap(self, out, depth):
        if self.noise and self.coin(0.05):
            out.append(self.r.choice(["<!-- <fpc4:Enabled>0</fpc4:Enabled> -->", "<!---->", "<?note &lt; \"x\"?>"]))
        if self.layout == "spaces":
            out.append("\n" + "  " * depth)
        elif self.layout == "tabs":
            out.append("\n" + "\t" * depth)
        elif self.layout == "wild":
            out.append("".join(self.r.choice(["\n", "\r\n", " ", "\t", ""]) for _ in range(self.r.randrange(4))))

    def attribute(self, value):
        out = []
        quote = self.r.choice("\"'")
        for c in value:
            if c in "<&\"'" or ord(c) < 32 or 0x7f <= ord(c) < 0xa0:
                out.append("&#%d;" % ord(c))
            elif self.escapes and self.coin(0.02):
                out.append("&#x%x;" % ord(c))
            else:
                out.append(c)
        return quote + "".join(out) + quote

    def chars(self, value):
        if self.escapes and self.coin(0.1) and "]]>" not in value and "\r" not in value and value:
            cut = self.r.randrange(len(value) + 1)
            return self.plain(value[:cut]) + "<![CDATA[" + value[cut:] + "]]>"
        if self.noise and self.coin(0.02) and value:
            cut = self.r.randrange(len(value) + 1)
            return self.plain(value[:cut]) + "<!-- - -->" + self.plain(value[cut:])
        return self.plain(value)

    def plain(self, value):
        out = []
        for c in value:
            if c in "<&>":
                out.append({"<": "&lt;", "&": "&amp;", ">": "&gt;"}[c])
            elif c in "\r\t\n" or 0x7f <= ord(c) < 0xa0:
                out.append("&#x%X;" % ord(c))
            elif self.escapes and self.coin(0.02):
                out.append(self.r.choice(["&#%d;", "&#x%X;", "&#x0%x;"]) % ord(c))
            else:
                out.append(c)
        return "".join(out)

    def element(self, out, n, depth, default, top=False):
        """Writes an element; DEFAULT is the namespace that names without a prefix have here."""
        attrs = []
        if n.uri == NS:
            tag = self.prefix + ":" + n.name if self.prefix else n.name
        else:
            tag = n.name
            if n.uri != default:
                attrs.append("xmlns=" + self.attribute(n.uri))
                default = n.uri
        if n.uri == NS and not self.prefix and default != NS:
            attrs.append("xmlns=" + self.attribute(NS))
            default = NS
        if top:
            attrs.append("xmlns%s=%s" % (":" + self.prefix if self.prefix else "", self.attribute(NS)))
            attrs.append("xmlns:%s=%s" % (self.dt, self.attribute(DT)))
        for i, ((uri, name), value) in enumerate(n.attrs.items()):
            if uri == XML:
                name = "xml:" + name
            elif uri == DT:
                name = self.dt + ":" + name
            elif uri:
                attrs.append("xmlns:a%d=%s" % (i, self.attribute(uri)))
                name = "a%d:%s" % (i, name)
            attrs.append("%s=%s" % (name, self.attribute(value)))
        if self.mix:
            self.r.shuffle(attrs)
        space = " " if self.layout != "wild" else self.r.choice([" ", "\n", "  "])
        out.append("<" + tag + "".join(space + a for a in attrs))
        if not n.kids and not n.text:
            out.append(self.r.choice(["/>", " />", "></%s>" % tag, "></%s >" % tag]))
            return
        out.append(">")
        out.append(self.chars(n.text))
        for k in n.kids:
            self.gap(out, depth + 1)
            self.element(out, k, depth + 1, default)
        if n.kids:
            self.gap(out, depth)
        out.append("</%s>" % tag)


def respell(seed, source, target):
    with open(source, "rb") as f:
        root = parse(f.read())
    s = Respeller(seed)
    s.change(root)
    s.spelling(list(root.walk()))
    text = s.write(root)
    with open(target, "w", encoding="utf-8", newline="") as f:
        f.write(text)
    return s.done


def respell_list(lines):
    rc = 0
    for line in lines:
        seed, source, target = line.rstrip("\n").split("\t")
        try:
            respell(seed, source, target)
        except Exception as e:  # whatever it is, the others are still made
            print("%s: %s: %s" % (source, type(e).__name__, e), file=sys.stderr)
            rc = 1
    return rc


def main(args):
    if args == ["--list"]:
        return respell_list(sys.stdin)
    verbose = args[:1] == ["-v"]
    if verbose:
        args = args[1:]
    if len(args) != 3:
        print("usage: respell.py [-v] SEED IN OUT | --list", file=sys.stderr)
        return 2
    done = respell(*args)
    if verbose:
        print("; ".join(done), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
