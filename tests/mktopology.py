#!/usr/bin/env python3
"""Writes the fixtures of fixtures/topology/: one invented deployment in every form
that a topology comes in, and files that must be refused. What is the same in
several forms stands here once; the files are committed, and the unit tests read
them. Usage: tests/mktopology.py DIRECTORY (the same bytes every time)."""
import gzip
import os
import sys
import zipfile
from xml.sax.saxutils import escape, quoteattr

SCHEMA = "urn:schema:Microsoft.Rtc.Management."
TOPOLOGY = SCHEMA + "Deploy.Topology.2008"
WRITABLE = SCHEMA + "Deploy.WritableTopology.2008"
BUILDER = SCHEMA + "Deploy.TopologyBuilder.2008"
ROLES = SCHEMA + "Deploy.ServiceRoles.2008"
WEB = SCHEMA + "Deploy.WebServices.2011"
URLS = SCHEMA + "Settings.SimpleUrl.2008"
SCOPE = SCHEMA + "ScopeFramework.2008"
COMPONENTS = ["ABHandler", "AutodiscoverService", "CAHandler", "Dialin", "DLExpansion", "Lwa", "Meet", "WebTicket"]


def attrs(**kw):
    return "".join(f" {k}={quoteattr(str(v))}" for k, v in kw.items())


def port(owner, usage, side, number, protocol, **more):
    return f'        <Port{attrs(Owner=owner, Usage=usage, InterfaceSide=side, InterfaceNumber=1, Port=number, Protocol=protocol, UrlPath="/", AuthorizesRequests="false", **more)} />\n'


def web_ports(https=4443, http=8080):
    site = "urn:component:OCSWebSite"
    return (port(site, "WebSite", "External", http, "Http", ConfiguredPort=80) +
            port(site, "WebSite", "External", https, "Https", ConfiguredPort=443) +
            port(site, "WebSite", "Primary", 80, "Http") + port(site, "WebSite", "Primary", 443, "Https") +
            port("urn:component:Reach", "PsomServer", "External", 8061, "Mtls") +
            # Not the web site, whatever the number and side say.
            port("urn:component:Other", "WebSite", "External", 9443, "Https", ConfiguredPort=9443) +
            port(site, "Replication", "External", 9444, "Https", ConfiguredPort=9444))


def edge_ports():
    return (port("urn:component:SkypeSearchProxy", "WebServer", "External", 4443, "Https") +
            port("urn:component:AccessEdge", "SipClient", "External", 5061, "Tls"))


class Service:
    def __init__(self, role, cluster, ports="", body="", version=5):
        self.role, self.cluster, self.ports, self.body, self.version = role, cluster, ports, body, version


def registrar(cluster, director, **kw):
    flag = "" if director is None else f' IsDirector="{director}"'
    return Service("Registrar", cluster, "", f'      <RegistrarService xmlns="{ROLES}"{flag} />\n', **kw)


def web(cluster, host, internal=None, ports=None, components=COMPONENTS, **kw):
    inner = f'        <ExternalSettings Host="{host}">\n          <OverrideUrls />\n        </ExternalSettings>\n' if host else ""
    if internal:
        inner += f'        <InternalSettings Host="{internal}" />\n'
    inner += f'        <WebComponents xmlns="{WEB}">\n'
    inner += "".join(f'          <Component ComponentName="{c}" />\n' for c in components)
    inner += "        </WebComponents>\n"
    return Service("WebServices", cluster, web_ports() if ports is None else ports,
                   f'      <WebService xmlns="{ROLES}">\n{inner}      </WebService>\n', **kw)


def wac(cluster, url, external="false", **kw):
    return Service("WacService", cluster, "", f'      <WacService xmlns="{ROLES}" DiscoveryUrl="{url}" IsExternal="{external}" />\n', **kw)


def edge(cluster, **kw):
    replication = port("urn:component:ReplicationService", "Replication", "Internal", 4443, "Https")
    return [Service("EdgeServer", cluster, edge_ports(), **kw), Service("ManagementServices", cluster, replication, **kw)]


# A cluster: (site, fqdn, [(machine, [addresses])])
ARTICLE = dict(
    sites={"1": "Chicago"},
    domains=["contoso.com"],
    clusters=[("1", "lyncdir.contoso.local", [("lyncdir.contoso.local", ["10.1.1.22"])]),
              ("1", "lyncfe.contoso.local", [("lyncfe.contoso.local", ["10.1.1.21"])])],
    services=[registrar(1, "true"), web(1, "dirweb.contoso.com"),
              Service("UserServices", 2), registrar(2, "false"), web(2, "feweb.contoso.com")],
)
ARTICLE_URLS = [("Dialin", "*", "https://dialin.contoso.com", ["https://dialin.contoso.com"]),
                ("Meet", "contoso.com", "https://meet.contoso.com", ["https://meet.contoso.com"])]

ENTERPRISE = dict(
    sites={"1": "Redmond", "2": "Dublin"},
    domains=["contoso.com", "fabrikam.com", "emea.contoso.com"],
    clusters=[("1", "Pool01.Contoso.Net", [("fe01.contoso.net", ["10.2.0.11"]), ("fe02.contoso.net", ["0.0.0.0"]), ("fe03.contoso.net", ["10.2.0.13", "10.2.1.13"])]),
              ("1", "dirpool.contoso.net", [("dir01.contoso.net", ["0.0.0.0"]), ("dir02.contoso.net", ["0.0.0.0"])]),
              ("1", "edge.contoso.net", [("edge.contoso.net", ["10.3.0.1", "192.0.2.30"])]),
              ("1", "owas.contoso.net", [("owas.contoso.net", ["0.0.0.0"])]),
              ("2", "pool02.contoso.net", [("pool02.contoso.net", ["10.4.0.11"])]),
              ("2", "med.contoso.net", [("med.contoso.net", ["0.0.0.0"])])],
    services=[Service("UserServices", 1, version=7), registrar(1, "false", version=7),
              web(1, "web01.contoso.com", internal="webint01.contoso.net", version=7),
              registrar(2, "true", version=7), web(2, "dirweb.contoso.com", version=7),
              *edge(3, version=7), wac(4, "https://owas.contoso.com/hosting/discovery/", version=7),
              Service("UserServices", 5, version=8), registrar(5, "false", version=8),
              web(5, "web02.contoso.com", ports=web_ports(4444, 8081), version=8),
              Service("MediationServer", 6, port("urn:component:Mediation", "SipServer", "Primary", 5070, "Mtls"), version=7)],
)
ENTERPRISE_URLS = [("Dialin", "*", "https://lync.contoso.com/dialin", ["https://lync.contoso.com/dialin", "https://dialin.contoso.com"]),
                   ("meet", "contoso.com", "https://lync.contoso.com/contoso.com/meet", ["https://lync.contoso.com/contoso.com/meet"]),
                   ("Meet", "fabrikam.com", "https://lync.contoso.com/fabrikam.com/meet", ["https://lync.contoso.com/fabrikam.com/meet"]),
                   ("Cscp", "*", "https://admin.contoso.com", ["https://admin.contoso.com"]),
                   ("WebScheduler", "*", "https://lync.contoso.com/scheduler", ["https://lync.contoso.com/scheduler"])]
DUBLIN_URLS = [("Meet", "emea.contoso.com", "https://meet.emea.contoso.com", ["https://meet.emea.contoso.com"])]


def domains(names):
    xml = f'  <InternalDomains xmlns="{TOPOLOGY}" AllowAllDomains="false" DefaultDomain="{names[0]}">\n'
    return xml + "".join(f'    <InternalDomain Name="{n}" Authoritative="false" AllowSubDomains="false" />\n' for n in names) + "  </InternalDomains>\n"


def simple_urls(urls):
    xml = f'<SimpleUrlConfiguration xmlns="{URLS}" UseBackendDatabase="false">\n'
    for component, domain, active, entries in urls:
        xml += f"  <SimpleUrl{attrs(Component=component, Domain=domain, ActiveUrl=active)}>\n"
        xml += "".join(f"    <SimpleUrlEntry{attrs(Url=e)} />\n" for e in entries) + "  </SimpleUrl>\n"
    return xml + "</SimpleUrlConfiguration>\n"


def machine(name, addresses, tail=""):
    xml = f'      <Machine{tail} Fqdn="{name}">\n'
    for a in addresses:
        xml += f'        <NetInterface InterfaceSide="Primary" InterfaceNumber="1" IPAddress="{a}" xmlns="{TOPOLOGY}" />\n'
    return xml + "      </Machine>\n"


def topology(d):
    """As Get-CsTopology -AsXml writes it."""
    xml = f'<Topology xmlns="{TOPOLOGY}" Signature="3d0b32a1-7c3f-4a4e-9d0a-0c35a4c7e001">\n' + domains(d["domains"]) + "  <Sites>\n"
    for key, name in d["sites"].items():
        xml += f'    <CentralSite SiteId="{key}">\n      <Name>{name}</Name>\n      <Location />\n    </CentralSite>\n'
    xml += "  </Sites>\n  <Clusters>\n"
    for i, (site, fqdn, machines) in enumerate(d["clusters"], 1):
        xml += f'    <Cluster RequiresReplication="true" RequiresSetup="true" Fqdn="{fqdn}">\n      <ClusterId SiteId="{site}" Number="{i}" />\n'
        xml += "".join(machine(*m, tail=' OrdinalInCluster="1"') for m in machines) + "    </Cluster>\n"
    xml += "  </Clusters>\n  <Services>\n"
    for s in d["services"]:
        site = d["clusters"][s.cluster - 1][0]
        xml += f'    <Service RoleVersion="1" ServiceVersion="{s.version}">\n      <ServiceId SiteId="{site}" RoleName="{s.role}" Instance="{s.cluster}" />\n'
        # A dependency names a role, too; it is not this service's.
        xml += f'      <DependsOn>\n        <Dependency Usage="Default">\n          <ServiceId SiteId="{site}" RoleName="WacService" Instance="9" />\n        </Dependency>\n      </DependsOn>\n'
        xml += f'      <InstalledOn>\n        <ClusterId SiteId="{site}" Number="{s.cluster}" />\n      </InstalledOn>\n'
        xml += f'      <Ports xmlns="{ROLES}">\n{s.ports}      </Ports>\n{s.body}    </Service>\n'
    return xml + "  </Services>\n</Topology>\n"


def guid(n):
    return f"7d1f6d0e-0000-4000-8000-{n:012d}"


def builder(d, urls, published="false"):
    """As Topology Builder saves it."""
    xml = f'<?xml version="1.0" encoding="utf-8"?>\n<TopologyBuilder IsFreeFromChanges="false" FileName="contoso.tbxml" xmlns="{BUILDER}">\n<NewTopology>\n'
    xml += f'<PartialTopology IsPublished="{published}" Signature="{guid(0)}" xmlns="{WRITABLE}">\n' + domains(d["domains"]) + simple_urls(urls) + "<CentralSites>\n"
    for key, name in d["sites"].items():
        xml += f'  <CentralSite SiteId="{key}">\n    <Name xmlns="{TOPOLOGY}">{name}</Name>\n    <Clusters>\n'
        for i, (site, fqdn, machines) in enumerate(d["clusters"], 1):
            if site != key:
                continue
            xml += f'    <Cluster IsSingleMachineOnly="{str(len(machines) == 1).lower()}" UniqueId="{guid(i).upper()}" RequiresReplication="true" RequiresSetup="true" Fqdn="{fqdn}">\n      <Machines>\n'
            if len(machines) == 1 and machines[0][1] == ["0.0.0.0"]:
                xml += "        <Machine />\n"
            else:
                xml += "".join(machine(*m) for m in machines)
            xml += "      </Machines>\n      <SqlInstances />\n    </Cluster>\n"
        xml += "    </Clusters>\n    <RemoteSites />\n  </CentralSite>\n"
    xml += "</CentralSites>\n<Services>\n"
    for n, s in enumerate(d["services"]):
        xml += f'  <Service UniqueId="{guid(100 + n)}" RoleName="{s.role}" RoleVersion="1" InstalledOn="{guid(s.cluster)}" ServiceVersion="{s.version}">\n    <DependsOn />\n'
        xml += f'      <Ports xmlns="{ROLES}">\n{s.ports}      </Ports>\n{s.body}  </Service>\n'
    return xml + f"</Services>\n</PartialTopology>\n</NewTopology>\n</TopologyBuilder>\n"


def anchored(payload, scope, site=None):
    authority = f'<AuthorityId Class="Site" InstanceId="{site}" />' if site else '<AuthorityId Class="Host" InstanceId="00000000-0000-0000-0000-000000000000" />'
    return (f'<AnchoredXml xmlns="{SCOPE}" SchemaWriteVersion="1">\n<Key ScopeClass="{scope}"><SchemaId Namespace="x" ElementName="y" />{authority}</Key>\n'
            f'<Dictionary Count="1"><Item><Key /><Value Signature="{guid(9)}">{payload}</Value></Item></Dictionary>\n</AnchoredXml>\n')


def item(name, data):
    return f'<DocItem Name="{name}"><Data>{data}</Data></DocItem>\n'


def doc_items(*items):
    return '<?xml version="1.0" encoding="utf-8"?>\n<DocItemSet xmlns="urn:example:DocItemSet">\n' + "".join(items) + "</DocItemSet>\n"


def clixml(identity, urls):
    ref = iter(range(1000))
    xml = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">\n'
    xml += f'<Obj RefId="{next(ref)}"><TN RefId="0"><T>Deserialized.SimpleUrlConfiguration</T><T>System.Object</T></TN><ToString>{identity}</ToString><Props>\n'
    xml += f'<Obj N="SimpleUrl" RefId="{next(ref)}"><TN RefId="1"><T>System.Collections.ArrayList</T></TN><LST>\n'
    for component, domain, active, entries in urls:
        xml += f'<Obj RefId="{next(ref)}"><ToString>Component={component};Domain={domain};ActiveUrl={active}</ToString><Props>\n<Obj N="SimpleUrlEntry" RefId="{next(ref)}"><TNRef RefId="1" /><LST>'
        xml += "".join(f'<Obj RefId="{next(ref)}"><ToString>Url={e}</ToString><Props><S N="Url">{e}</S></Props></Obj>' for e in entries)
        xml += f'</LST></Obj>\n<S N="Component">{component}</S><S N="Domain">{domain}</S><S N="ActiveUrl">{active}</S>\n</Props></Obj>\n'
    return xml + f'</LST></Obj>\n<B N="UseBackendDatabase">false</B><Obj N="Identity" RefId="{next(ref)}"><ToString>{identity}</ToString></Obj>\n</Props></Obj>\n</Objs>\n'


def service_list(objects, wrap=0):
    text = "\n\n"
    for o in objects:
        width = max(len(k) for k, _ in o)
        for k, v in o:
            line = f"{k:<{width}} : {v}"
            while wrap and len(line) > wrap:
                text += line[:wrap] + "\n"
                line = " " * (width + 3) + line[wrap:]
            text += line + "\n"
        text += "\n"
    return text


def web_server(pool, external, internal, dependents, site, version=5, user=None):
    return [("Identity", "WebServer:" + pool), ("FileStore", "FileStore:files.contoso.net"), ("UserServer", "UserServer:" + (user or pool)),
            ("PrimaryHttpPort", 80), ("PrimaryHttpsPort", 443), ("ExternalHttpPort", 8080), ("ExternalHttpsPort", 4443),
            ("PublishedPrimaryHttpPort", 80), ("PublishedPrimaryHttpsPort", 443), ("PublishedExternalHttpPort", 80), ("PublishedExternalHttpsPort", 443),
            ("ReachExternalPsomServerPort", 8061),
            ("ABHandlerExternalUri", f"https://{external}/abs/handler"), ("DLExpansionExternalUri", f"https://{external}/groupexpansion/service.svc"),
            ("CAHandlerInternalAnonUri", f"http://{internal}/CertProv/CertProvisioningService.svc"), ("MeetExternalUri", f"https://{external}/Meet"),
            ("CscpInternalUri", f"https://{internal}/Cscp"), ("ReachExternalUri", ""),
            ("ExternalFqdn", external), ("InternalFqdn", internal), ("DependentServiceList", "{" + ", ".join(dependents) + "}"),
            ("ServiceId", "1-WebServices-1"), ("SiteId", "Site:" + site), ("PoolFqdn", pool), ("Version", version), ("Role", "WebServer")]


def deflated(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in files:
            info = zipfile.ZipInfo(name, (2011, 3, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            z.writestr(info, data)


def write(path, text, encoding="utf-8"):
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode(encoding))


def good(d):
    article, enterprise = topology(ARTICLE), topology(ENTERPRISE)
    write(d + "lync-director.xml", article)
    write(d + "lync-director-urls.xml", simple_urls(ARTICLE_URLS))
    write(d + "lync-director.tbxml", b"\xef\xbb\xbf" + builder(ARTICLE, ARTICLE_URLS, "true").encode())
    write(d + "article-utf16le.xml", b"\xff\xfe" + article.replace("\n", "\r\n").encode("utf-16-le"))
    write(d + "article-utf16be.xml", b"\xfe\xff" + ('<?xml version="1.0" encoding="utf-16"?>\n' + article).encode("utf-16-be"))
    write(d + "article-declared.xml", '<?xml version="1.0" encoding="utf-8"?>\r\n' + article.replace("\n", "\r\n"))
    with open(d + "article.xml.gz", "wb") as f, gzip.GzipFile("", "wb", 9, f, 0) as z:
        z.write(article.encode())
    write(d + "enterprise.xml", enterprise)
    write(d + "enterprise-draft.tbxml", b"\xef\xbb\xbf" + builder(ENTERPRISE, ENTERPRISE_URLS).encode())
    prefixed = article.replace(f'<Topology xmlns="{TOPOLOGY}"', f'<t:Topology xmlns:t="{TOPOLOGY}" xmlns="{TOPOLOGY}"').replace("</Topology>", "</t:Topology>")
    write(d + "prefixed.xml", prefixed.replace("<Clusters>", "<t:clusters>").replace("</Clusters>", "</t:clusters>"))
    write(d + "director-inferred.xml", topology(dict(ARTICLE, services=[registrar(1, None), *ARTICLE["services"][1:]])))
    foreign = article.replace(f'<Clusters>', '<Clusters xmlns="urn:example:other">')
    write(d + "foreign-clusters.xml", foreign)
    write(d + "simple-urls-odd.xml", simple_urls([
        ("Meet", "contoso.com", "http://meet.contoso.com", []), ("Meet", "fabrikam.com", "https://meet.fabrikam.com:8443/x?y=1&amp;z#f".replace("&amp;", "&"), []),
        ("Dialin", "*", "https://", []), ("Dialin", "*", "https://user@dialin.contoso.com", []), ("Dialin", "*", "ftp://dialin.contoso.com", []),
        ("Admin", "*", "https://192.0.2.1/admin", []), ("Custom", "bad_domain..com", "https://custom.contoso.com", []),
        ("dialin", "*", "https://b\u00fccher.contoso.com/a?b#c", ["https://B\u00dcCHER.contoso.com/a?b#c", "https://old.contoso.com"])]))
    write(d + "simple-urls-scopes.xml", doc_items(item("a", anchored(simple_urls(ARTICLE_URLS), "Global")),
                                                  item("b", anchored(simple_urls([("Meet", "contoso.com", "https://meet-chi.contoso.com", [])]), "Site", "1")),
                                                  item("c", article)))
    write(d + "simple-urls.clixml", clixml("Site:Dublin", DUBLIN_URLS + [("Dialin", "*", "https://dialin.emea.contoso.com", ["https://dialin.emea.contoso.com", "https://olddialin.emea.contoso.com"])]))
    lists(d)
    write(d + "lync-director.json", """{
  "schema": "tmgport-topology/1",
  "sip_domains": ["contoso.com"],
  "pools": [
    {"fqdn": "lyncdir.contoso.local", "role": "director", "site": "Chicago",
     "external": "dirweb.contoso.com", "https_port": 4443, "http_port": 8080,
     "published_https_port": 443, "published_http_port": 80, "internal_https_port": 443, "internal_http_port": 80,
     "version": 2010, "components": ["ABHandler", "Meet"],
     "machines": [{"fqdn": "lyncdir.contoso.local", "addresses": ["10.1.1.22", "0.0.0.0"]}]},
    {"fqdn": "lyncfe.contoso.local", "role": "front-end", "external": "feweb.contoso.com",
     "internal": "feint.contoso.local", "https_port": 4443, "http_port": 8080,
     "machines": [{"addresses": ["10.1.1.21"]}]},

    {"fqdn": "owas.contoso.local", "role": "web-apps", "external_network": true,
     "discovery_url": "https://owas.contoso.com/hosting/discovery/"}
  ],
  "simple_urls": [
    {"component": "Meet", "domain": "contoso.com", "url": "https://meet.contoso.com"},
    {"component": "Dialin", "url": "https://dialin.contoso.com"},
    {"component": "Dialin", "url": "https://olddialin.contoso.com", "active": false, "scope": "site:Chicago"}
  ]
}
""")
    archives(d)


def lists(d):
    fe = web_server("lyncfe.contoso.local", "feweb.contoso.com", "lyncfe.contoso.local", ["Registrar:lyncfe.contoso.local", "ConferencingServer:lyncfe.contoso.local"], "Chicago")
    director = web_server("lyncdir.contoso.local", "dirweb.contoso.com", "lyncdir.contoso.local", ["Director:lyncdir.contoso.local"], "Chicago", user="lyncfe.contoso.local")
    unknown = web_server("pool09.contoso.net", "web09.contoso.com", "webint09.contoso.net", ["ConferencingServer:a", "X:b", "Y:c", "Z:d..."], "Chicago", user="other.contoso.net")
    write(d + "services.txt", service_list([director, fe]).replace("\n", "\r\n"))
    write(d + "services-utf16le.txt", b"\xff\xfe" + service_list([director, fe], 70).replace("\n", "\r\n").encode("utf-16-le"))
    write(d + "services-no-mark.txt", service_list([director, fe]).strip().encode("utf-16-le"))
    write(d + "services-dense.txt", "# kept by the night shift\nPS C:\\> Get-CsService -WebServer | fl\n" + service_list([director, fe, unknown]).replace("\n\n", "\n").lstrip())
    write(d + "services-all.txt", service_list([[("Identity", "EdgeServer:edge.contoso.net"), ("SiteId", "Site:Chicago"), ("PoolFqdn", "edge.contoso.net"), ("Version", 5), ("ExternalHttpsPort", 4443)],
                                                [("Identity", "Director:lyncdir.contoso.local"), ("SiteId", "Site:Chicago"), ("PoolFqdn", "lyncdir.contoso.local"), ("Version", 5)],
                                                [("Identity", "UserServer:lyncfe.contoso.local"), ("PoolFqdn", "lyncfe.contoso.local"), ("Version", 5)]]))
    expanded = [[("SimpleUrlEntry", "{" + ", ".join("Url=" + e for e in entries) + "}"), ("Component", c), ("Domain", dom), ("ActiveUrl", a)] for c, dom, a, entries in ENTERPRISE_URLS]
    write(d + "simple-urls-list.txt", service_list(expanded))
    short = ", ".join(f"Component={c};Domain={dom};ActiveUrl={a}" for c, dom, a, _ in ARTICLE_URLS)
    write(d + "simple-urls-collections.txt", service_list([[("Identity", "Global"), ("SimpleUrl", "{" + short + "...}"), ("UseBackendDatabase", "False")],
                                                           [("Identity", "Site:Chicago"), ("SimpleUrl", "{Component=Meet;Domain=contoso.com;ActiveUrl=https://meet-chi.contoso.com}"), ("UseBackendDatabase", "False")]]))
    write(d + "sip-domains.txt", service_list([[("Identity", "fabrikam.com"), ("Name", "fabrikam.com"), ("IsDefault", "False")], [("Identity", "contoso.com"), ("Name", "contoso.com"), ("IsDefault", "True")]]))


def archives(d):
    article = topology(ARTICLE)
    plain = doc_items(item("topology", anchored(article, "Global")), item("urls", anchored(simple_urls(ARTICLE_URLS), "Global")), item("policy", anchored("<ClientPolicy xmlns='urn:example'>&lt;b&gt; not closed</ClientPolicy>", "Global")))
    deflated(d + "export.zip", [("DocItemSet.xml", plain), ("readme.txt", "nothing")])
    inner = doc_items(item("inner", escape(anchored(escape(simple_urls(ARTICLE_URLS)), "Global"))))
    deep = doc_items(item("topology", "\n" + escape(article)), item("urls", escape(inner)))
    deflated(d + "export-escaped.zip", [("readme.txt", "nothing"), ("a/b/docitemset.xml", deep.encode("utf-16")), ])


def bad(d):
    article = topology(ARTICLE)
    write(d + "truncated.xml", article[: len(article) * 2 // 3])
    write(d + "truncated-utf16.xml", (b"\xff\xfe" + article.encode("utf-16-le"))[:-7])
    write(d + "doctype.xml", '<!DOCTYPE Topology [<!ENTITY a "aaaa">]>\n' + article)
    write(d + "deep.xml", "<DocItemSet>" + "<a>" * 80 + "</a>" * 80 + "</DocItemSet>\n")
    write(d + "wrong-root.xml", f'<Topologies xmlns="{TOPOLOGY}" />\n')
    write(d + "wrong-namespace.xml", article.replace(TOPOLOGY, "urn:example:topology"))
    write(d + "nothing-in-it.xml", doc_items(item("a", anchored("<Other />", "Global"))))
    write(d + "prose.txt", "Dear colleague,\n\nattached: the topology as agreed.\n")
    write(d + "iis.log", "#Software: Microsoft Internet Information Services 7.5\n#Fields: date time\n")
    write(d + "empty.xml", "")
    nested = simple_urls(ARTICLE_URLS)
    for _ in range(4):
        nested = doc_items(item("x", escape(nested)))
    write(d + "nested.xml", nested)
    inner = escape(article[: len(article) // 2])
    write(d + "inner-truncated.xml", doc_items(item("x", inner)))
    write(d + "json-key.json", '{"schema": "tmgport-topology/1",\n "pools": [\n  {"fqdn": "a.contoso.com", "role": "director", "extrenal": "b.contoso.com"}]}\n')
    write(d + "json-syntax.json", '{"schema": "tmgport-topology/1",\n "pools": [}\n')
    write(d + "json-schema.json", '{"schema": "tmgport-topology/2"}\n')
    write(d + "json-port.json", '{"schema": "tmgport-topology/1", "pools": [{"fqdn": "a.contoso.com", "role": "director", "https_port": 70000}]}\n')
    write(d + "json-role.json", '{"schema": "tmgport-topology/1", "pools": [{"fqdn": "a.contoso.com", "role": "edge"}]}\n')
    write(d + "json-host.json", '{"schema": "tmgport-topology/1", "pools": [{"fqdn": "a contoso", "role": "director"}]}\n')
    write(d + "json-twice.json", '{"schema": "tmgport-topology/1", "pools": [], "pools": []}\n')
    deflated(d + "no-document.zip", [("other.xml", article)])
    deflated(d + "bomb.zip", [("DocItemSet.xml", "<DocItemSet>" + " " * (3 << 20) + "</DocItemSet>")])
    whole = d + "export.tmp"
    deflated(whole, [("DocItemSet.xml", doc_items(item("x", article)))])
    with open(whole, "rb") as f:
        data = f.read()
    os.remove(whole)
    write(d + "truncated.zip", data[: len(data) // 2])
    at = data.index(b"DocItemSet.xml") + len("DocItemSet.xml") + 200
    write(d + "damaged.zip", data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1:])


def main():
    top = sys.argv[1].rstrip("/") + "/"
    os.makedirs(top + "bad", exist_ok=True)
    good(top)
    bad(top + "bad/")


main()
