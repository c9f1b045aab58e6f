"""shrink: takes away from an export whatever a mismatch does not need. It knows the fields of an export (export.py) and nothing of their meaning."""

import time

PLAIN = {"schedule": None, "users": "all", "require_ssl": None, "farm": None, "affinity": None, "delegation": 1, "original_host": 1, "http_port": None,
         "https_port": None, "claim": None, "redirect": None, "site_in": "WebSite", "bridging": 0, "filter": None}


def without(items, index):
    return items[:index] + items[index + 1:]


def half_the_rules(spec):
    half = len(spec["rules"]) // 2
    if half > 1:
        yield dict(spec, rules=spec["rules"][half:])
        yield dict(spec, rules=spec["rules"][:half])


def fewer_rules(spec):
    for index in range(len(spec["rules"]) - 1, -1, -1):
        if len(spec["rules"]) > 1:
            yield dict(spec, rules=without(spec["rules"], index))


def fewer_listeners(spec):
    for index, listener in enumerate(spec["listeners"]):
        if len(spec["listeners"]) > 1:
            yield dict(spec, listeners=without(spec["listeners"], index), rules=[r for r in spec["rules"] if r["listener"] != listener["guid"]])
        plain = {"windows": 0, "always": False, "redirect": 0}
        for field, value in plain.items():
            if listener[field] != value:
                yield dict(spec, listeners=spec["listeners"][:index] + [dict(listener, **{field: value})] + spec["listeners"][index + 1:])
        for address in listener["addresses"][1:]:
            yield dict(spec, listeners=spec["listeners"][:index] + [dict(listener, addresses=[a for a in listener["addresses"] if a != address])] + spec["listeners"][index + 1:])


def simpler_rule(rule):
    for field, value in PLAIN.items():
        if rule[field] != value:
            yield dict(rule, **{field: value})
    for field, value in (rule["filter"] or {}).items():
        if value not in (None, []):
            yield dict(rule, filter=dict(rule["filter"], **{field: [] if field == "signatures" else None}))
        if isinstance(value, tuple):
            for index in range(len(value[1])):
                yield dict(rule, filter=dict(rule["filter"], **{field: (value[0], without(value[1], index))}))
        elif isinstance(value, list) and len(value) > 1:
            for index in range(len(value)):
                yield dict(rule, filter=dict(rule["filter"], **{field: without(value, index)}))
    if rule["sources"] is not None:
        yield dict(rule, sources=None)
        for index in range(len(rule["sources"]) if len(rule["sources"]) > 1 else 0):
            yield dict(rule, sources=without(rule["sources"], index))
    if rule["server"] is not None and rule["site"] is not None:
        yield dict(rule, server=None)
    for index in range(len(rule["names"])):
        if len(rule["names"]) > 1:
            yield dict(rule, names=without(rule["names"], index))
    if rule["paths"] != [("/*", "/*")]:
        yield dict(rule, paths=[("/*", "/*")])
    for index, (external, internal) in enumerate(rule["paths"]):
        if len(rule["paths"]) > 1:
            yield dict(rule, paths=without(rule["paths"], index))
        if external != internal:
            yield dict(rule, paths=rule["paths"][:index] + [(external, external)] + rule["paths"][index + 1:])


def simpler_rules(spec):
    for index, rule in enumerate(spec["rules"]):
        for simpler in simpler_rule(rule):
            yield dict(spec, rules=spec["rules"][:index] + [simpler] + spec["rules"][index + 1:])


def fewer_objects(spec):
    for field in "farms", "elements", "schedules", "networks":
        if spec[field]:
            yield dict(spec, **{field: []})
        for index in range(len(spec[field])):
            yield dict(spec, **{field: without(spec[field], index)})
    for index, element in enumerate(spec["elements"]):
        for n in range(len(element.get("members") or [])):
            if len(element["members"]) > 1:
                yield dict(spec, elements=spec["elements"][:index] + [dict(element, members=without(element["members"], n))] + spec["elements"][index + 1:])
    if spec["options"]:
        yield dict(spec, options=[])


def shrink(spec, still, seconds=20):
    """The smallest export for which still(export) holds that is found in time."""
    end, again = time.monotonic() + seconds, True
    while again:
        again = False
        for way in half_the_rules, fewer_listeners, fewer_rules, simpler_rules, fewer_objects:
            found = True
            while found:
                found = False
                for smaller in way(spec):
                    if time.monotonic() > end:
                        return spec
                    if still(smaller):
                        spec, found, again = smaller, True, True
                        break
    return spec
