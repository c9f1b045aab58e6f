"""Writes an export whose every string is hostile to one form of output or another, made
of a good one, and prints its path: the name of the file is hostile, too.

  hostile.py EXPORT FOLDER TURN     TURN, from 0 to 20: which string gets into which field
"""

import os
import re
import sys
from xml.sax.saxutils import escape

TEXTS = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'; alert(1) //",
    "</style><style>*{display:none}</style>",
    "</svg></main><h1 id=\"findings\">x</h1>",
    "<!-- x --><![CDATA[x]]>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2",
    "@SUM(1)",
    "\uff1dcmd",
    "a|b|c `code` *bold* _it_ ~~x~~",
    "[link](javascript:alert(1)) ![x](http://198.51.100.9/x.png) www.contoso.com https://contoso.com",
    "{0} {{x}} ${HOME} $(id) \\",
    "\u202eexe.gnp\u202c \u2066x\u2069 \u200f \u0085 \u2028 \ufeff",
    "one\ntwo\tthree\rfour",
    "# heading\n\n| a | b |",
    "&lt;b&gt; &amp; &#60;",
    "x" * 5000,
    "\u65e5\u672c\u8a9e " * 40,
    "',\"',\"\r\n",
]
# Elements whose text is replaced; the others would keep rules from being looked at.
ELEMENTS = ["Name", "WebSite", "PublishedServerIP", "SSLCertificateHash", "ExternalPath", "InternalPath"]


def main(source, folder, turn):
    with open(source, encoding="utf-8") as f:
        text = f.read()
    count = [int(turn)]
    # Without good paths nothing is published: leave them half of the time.
    elements = ELEMENTS if int(turn) % 2 else ELEMENTS[:-2]

    def hostile():
        count[0] += 1
        return escape(TEXTS[count[0] % len(TEXTS)]).replace("\r", "&#13;")

    for element in elements:
        # Not the GUIDs that references hold: the rules would have no listener.
        text = re.sub("<%s>(?!\\{)[^<]*</%s>" % (element, element),
                      lambda m, e=element: "<%s>%s</%s>" % (e, hostile(), e), text)
    # More public names beside the good ones, which make the rules Lync's.
    text = re.sub("</PublicNameStrings>",
                  lambda m: "".join("<Str>%s</Str>" % hostile() for _ in TEXTS) + m.group(0), text)
    # One GUID, in its rule alone.
    text = text.replace('PolicyRule StorageName="{20000000-0000-4000-8000-000000000003}"',
                        'PolicyRule StorageName="{&quot;&gt;&lt;script&gt;=1|[x](y)}"')
    name = os.path.join(os.fsencode(folder), b"=cmd <b>'\"|`[x](y)\x1b[31m\xff%41 {0}.xml")
    with open(name, "wb") as f:
        f.write(text.encode("utf-8"))
    sys.stdout.buffer.write(name)


main(*sys.argv[1:])
