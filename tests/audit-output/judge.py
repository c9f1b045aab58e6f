"""Judges what `tmgport audit` wrote: the structure of each form, and that nothing of
an export gets out of its place. Prints what is wrong, one line each; nothing when all
is well. Knows the forms, not what they should say.

  judge.py FORM FILE [MORE]      MORE: docs/findings.md for json
"""

import csv
import html.parser
import io
import json
import re
import sys
import urllib.parse

LEVELS = {"error", "warning", "note"}
UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
wrong = []


def check(good, what):
    if not good:
        wrong.append(what)


def read(path):
    with open(path, "rb") as f:
        text = f.read().decode("utf-8")  # fails on anything else
    check(not UNSAFE.search(text), "a control or bidi character stands in the output")
    return text


# ---- text ---------------------------------------------------------------------------


def text_form(path, _):
    for line in read(path).split("\n"):
        # A single word may be longer: behind the indent, and behind a label.
        long_word = any(len(w) > 40 for w in line.split())
        check(len(line) <= 80 or long_word, "more than 80 columns: %s" % line[:100])
        check("\t" not in line and "\r" not in line, "a tab or a return: %r" % line[:60])


def gcc_form(path, _):
    shape = re.compile(r"^.+?(:\d+)?: (error|warning|note): .* \[[a-z0-9-]+\]$")
    for line in read(path).splitlines():
        check(shape.match(line), "not FILE:LINE: SEVERITY: ... [id]: %s" % line[:100])


# ---- CSV ----------------------------------------------------------------------------


def csv_form(path, docs):
    text = read(path)
    check(text.endswith("\r\n") and "\n" not in text.replace("\r\n", ""), "lines do not end in CRLF")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    with open(docs, encoding="utf-8") as f:
        section = f.read().split("## csv", 1)[1].split("\n## ", 1)[0]
    columns = re.findall(r"`([a-z]+)`", section.split("Columns:", 1)[1].split(". A field", 1)[0])
    columns = [c for c in columns if c not in ("yes", "no")]
    check(rows and rows[0] == columns, "columns are %s, docs say %s" % (rows[:1], columns))
    for row in rows:
        check(len(row) == len(columns), "%d fields instead of %d" % (len(row), len(columns)))
        for field in row:
            check(not re.match(r"\s*[=+\-@|\uff1d\uff0b\uff0d\uff20]", field), "a formula: %s" % field[:40])
        if row is not rows[0]:
            check(row[0] in LEVELS, "severity %s" % row[0])
    # Written again by another program, and read: the same.
    again = io.StringIO(newline="")
    csv.writer(again).writerows(rows)
    check(list(csv.reader(io.StringIO(again.getvalue(), newline=""))) == rows, "does not survive a round trip")


# ---- Markdown -----------------------------------------------------------------------


def md_form(path, _):
    table = None
    for line in read(path).splitlines():
        bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", line)
        # Our own marks: headings, severities, list items, table rules.
        bare = re.sub(r"^(#{1,3} |  - |- \*\*(error|warning|note)\*\*: )", "", bare)
        bars = bare.count("|")
        if bars:
            check(line.startswith("|"), "a bar outside a table: %s" % line[:80])
            check(table in (None, bars), "%d cells instead of %s: %s" % (bars, table, line[:80]))
            table = bars
        else:
            table = None
        check(not re.search(r"[<>`\[\]*_~&{}$@]|://|www\.", bare), "not escaped: %s" % line[:100])


# ---- JSON ---------------------------------------------------------------------------


def documented(path):
    """Fields by object, from the table of docs/findings.md."""
    found = {}
    with open(path, encoding="utf-8") as f:
        section = f.read().split("## json", 1)[1].split("\n## ", 1)[0]
    for name, fields in re.findall(r"^\| (.+?) \| (`.*`) \|$", section, re.M):
        found[re.sub(r"^of |`", "", name.replace("of `", "`"))] = re.findall(r"`([a-z_]+)`", fields)
    return found


def json_form(path, docs):
    top = json.loads(read(path))
    fields = documented(docs)
    fields["findings"] = fields["gone"] = fields["findings and gone"]
    for name in ("findings", "gone", "coverage", "flows", "dns", "certificates"):
        for one in top[name]:
            check(sorted(one) == sorted(fields[name]), "%s: fields are %s" % (name, sorted(one)))
    check(sorted(top) == sorted(fields["the document"]), "the document: fields are %s" % sorted(top))
    check(sorted(top["summary"]) == sorted(fields["summary"]), "summary: fields are %s" % sorted(top["summary"]))
    check(top["schema"] == "tmgport-findings/1", "schema")
    for f in top["findings"]:
        check(f["severity"] in LEVELS, "severity %s" % f["severity"])
        check(re.fullmatch(r"[0-9a-f]{32}", f["fingerprint"]), "fingerprint %s" % f["fingerprint"])
        if f["object"] is not None:
            check(sorted(f["object"]) == sorted(fields["object"]), "object: fields are %s" % sorted(f["object"]))
    check(top["summary"]["gone"] == len(top["gone"]), "summary counts %s that are gone" % top["summary"]["gone"])
    for c in top["coverage"]:
        check(sorted(c["evidence"]) == sorted(fields["evidence"]), "evidence: fields are %s" % sorted(c["evidence"]))
    for level in LEVELS:
        count = sum(f["severity"] == level and not f["known"] for f in top["findings"])
        check(top["summary"][level] == count, "summary counts %s, there are %s" % (top["summary"][level], count))


# ---- SARIF --------------------------------------------------------------------------


def sarif_rule(rule):
    check(re.fullmatch(r"[a-z][a-z0-9-]*", rule["id"]), "rule id %s" % rule["id"])
    check(re.fullmatch(r"[A-Z][A-Za-z0-9]*", rule["name"]), "rule name %s" % rule["name"])
    for key in ("shortDescription", "fullDescription", "help"):
        check(rule[key]["text"], "%s of %s is empty" % (key, rule["id"]))
    check(rule["help"]["markdown"], "help of %s has no Markdown" % rule["id"])
    check(rule["defaultConfiguration"]["level"] in LEVELS, "level of %s" % rule["id"])
    check(re.fullmatch(r"[A-Z]\d\d", rule["properties"]["ref"]), "row of %s" % rule["id"])


def sarif_uri(place, bases):
    uri = place["uri"]
    parts = urllib.parse.urlsplit(uri)
    check(re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", uri), "URI is not encoded: %s" % uri)
    check(not parts.scheme and not parts.netloc and not uri.startswith("/"), "URI is not relative: %s" % uri)
    if "uriBaseId" in place:
        check(place["uriBaseId"] in bases, "base %s is not there" % place["uriBaseId"])


def sarif_message(text):
    bare = re.sub(r"\\[\\\[\]]|\{\{|\}\}", "", text)
    check(not re.search(r"[\[\]{}\\]", bare), "message with a link or a placeholder: %s" % text[:80])


def sarif_form(path, _):
    top = json.loads(read(path))
    check(top["version"] == "2.1.0" and top["$schema"].endswith("sarif-2.1.0.json"), "version or schema")
    check(len(top["runs"]) == 1, "one run")
    run = top["runs"][0]
    driver = run["tool"]["driver"]
    check(driver["name"] == "tmgport" and driver["semanticVersion"], "driver")
    rules = driver["rules"]
    for rule in rules:
        sarif_rule(rule)
    check(len({r["id"] for r in rules}) == len(rules) > 0, "rule ids are not unique")
    for r in run["results"]:
        check(0 <= r["ruleIndex"] < len(rules) and rules[r["ruleIndex"]]["id"] == r["ruleId"], "ruleIndex of %s" % r["ruleId"])
        check(r["level"] in LEVELS, "level %s" % r["level"])
        check(r["message"]["text"], "empty message")
        sarif_message(r["message"]["text"])
        check(list(r["partialFingerprints"]) == ["tmgport/v1"], "partialFingerprints")
        check(r.get("baselineState", "new") in ("new", "unchanged", "absent"), "baselineState")
        for place in r["locations"]:
            sarif_uri(place["physicalLocation"]["artifactLocation"], run["originalUriBaseIds"])
            region = place["physicalLocation"].get("region", {"startLine": 1})
            check(region["startLine"] >= 1, "startLine %s" % region["startLine"])


# ---- HTML ---------------------------------------------------------------------------

VOID = {"meta", "br"}
EMPTY_SVG = {"rect", "path"}
TAGS = VOID | EMPTY_SVG | set(
    "html head title style body a header h1 h2 h3 h4 nav ul li main section table thead tbody tr th td span p div "
    "details summary svg desc g text article small dl dt dd code".split())
ATTRIBUTES = set(
    "lang charset http-equiv content name class href id aria-labelledby aria-label role tabindex scope viewbox x y "
    "width height rx d".split())


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.refs, self.style, self.text = [], [], [], [], "", ""

    def handle_starttag(self, tag, attrs, closed=False):
        check(tag in TAGS, "element %s" % tag)
        for name, value in attrs:
            check(name in ATTRIBUTES, "attribute %s of %s" % (name, tag))
            if name == "id":
                self.ids.append(value)
            elif name == "href":
                self.links.append(value)
            elif name == "aria-labelledby":
                self.refs += value.split()
        check(len({n for n, _ in attrs}) == len(attrs), "an attribute twice")
        if tag not in VOID and not closed:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        check(tag in EMPTY_SVG, "%s closed at once" % tag)
        self.handle_starttag(tag, attrs, True)

    def handle_endtag(self, tag):
        check(self.open and self.open[-1] == tag, "%s ends, open is %s" % (tag, self.open[-3:]))
        if self.open:
            self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.text += data

    def handle_comment(self, data):
        check(False, "a comment: %s" % data[:40])

    def handle_pi(self, data):
        check(False, "a processing instruction: %s" % data[:40])

    def unknown_decl(self, data):
        check(False, "a declaration: %s" % data[:40])


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(a, b):
    hi, lo = sorted((luminance(a), luminance(b)), reverse=True)
    return (hi + 0.05) / (lo + 0.05)


def style_form(style):
    schemes = re.findall(r":root\{([^}]*)\}", style)
    check(len(schemes) == 2, "colours for light and dark")
    for scheme in schemes:
        colours = dict(re.findall(r"--([a-z]+):(#[0-9a-f]{6})", scheme))
        for name in ("fg", "soft", "link", "error", "warning", "note", "ok"):
            for ground in ("bg", "box"):
                ratio = contrast(colours[name], colours[ground])
                check(ratio >= 4.5, "contrast of %s on %s is %.1f" % (name, ground, ratio))
        check(contrast(colours["line"], colours["bg"]) >= 3, "contrast of lines")
    check("@media print" in style and "prefers-color-scheme:dark" in style, "print and dark rules")
    check(":focus-visible" in style, "no mark of the focus")
    check(not re.search(r"url\(|@import|expression", style), "the style loads something")


def html_form(path, _):
    text = read(path)
    page = Page()
    page.feed(text)
    page.close()
    check(not page.open, "left open: %s" % page.open)
    check(len(set(page.ids)) == len(page.ids), "ids are not unique")
    for link in page.links:
        check(link.startswith("#") and link[1:] in page.ids, "link to %s" % link)
    for ref in page.refs:
        check(ref in page.ids, "label %s is not there" % ref)
    check(re.search(r"http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'", text),
          "no policy against loading")
    check(text.index("Content-Security-Policy") < text.index("<style>"), "the policy comes late")
    style_form(page.style)


FORMS = {"text": text_form, "gcc": gcc_form, "csv": csv_form, "markdown": md_form, "json": json_form,
         "sarif": sarif_form, "html": html_form}

if __name__ == "__main__":
    try:
        FORMS[sys.argv[1]](sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
    except (KeyError, ValueError, IndexError, TypeError, csv.Error) as e:
        wrong.append("%s: %s" % (type(e).__name__, e))
    for line in wrong[:10]:
        print(line.encode("ascii", "backslashreplace").decode())
    sys.exit(1 if wrong else 0)
