"""tryconfig: tools/try-config itself: it accepts what is right, shows what the checker says of what is wrong, leaves nothing behind.

It writes its own small outputs; the generator is not needed.
"""

import json
import os
import subprocess
import sys
import tempfile

import world as live

CERTIFICATES = "/etc/tmgport-live-test/certs"
MANIFEST = {"schema": "tmgport-manifest/1", "ca_file": CERTIFICATES + "/ca.pem", "runtime_dir": "/run/tmgport-live-test", "resolve": ["web01.contoso.local"],
            "listeners": [{"name": "l", "addresses": ["203.0.113.10", "2001:db8::10"], "ports": [80, 443], "certificate": CERTIFICATES + "/l1.pem",
                           "names": ["www.contoso.com", "*.contoso.com"], "thumbprints": []}]}
NGINX = """user www-data;
pid /run/tmgport-live-test/nginx.pid;
events { }
http {
	server {
		listen 203.0.113.10:443 ssl;
		listen [2001:db8::10]:443 ssl;
		listen unix:/run/tmgport-live-test/x.sock;
		ssl_certificate %s/l1.pem;
		ssl_certificate_key %s/l1.pem;
		location / {
			proxy_pass https://web01.contoso.local:4443;
			proxy_ssl_trusted_certificate %s/ca.pem;
		}
	}
}
""".replace("%s", CERTIFICATES)
HAPROXY = """global
	default-path config
defaults
	mode http
	timeout connect 5s
	timeout client 5s
	timeout server 5s
frontend l
	bind 203.0.113.10:443 ssl crt %s/l1.pem
	default_backend b
backend b
	server s web01.contoso.local:4443 ssl verify required ca-file %s/ca.pem
""".replace("%s", CERTIFICATES)
TEXT = {"nginx": NGINX, "haproxy": HAPROXY}


def write(directory, target, text, manifest=None):
    os.makedirs(os.path.join(directory, target), exist_ok=True)
    with open(os.path.join(directory, target, live.try_config.TARGETS[target]), "w", encoding="utf-8") as file:
        file.write(text)
    with open(os.path.join(directory, target, "manifest.json"), "w", encoding="utf-8") as file:
        json.dump(manifest or MANIFEST, file)


def call(*arguments):
    done = subprocess.run([sys.executable, "-B", os.path.join(live.TOP, "tools", "try-config"), *arguments],
                          capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


def tree(path):
    return sorted(os.path.join(where, name) for where, folders, files in os.walk(path) for name in folders + files)


def tests(report, directory, target):
    name = "try-config, %s: " % target
    version = live.try_config.program_version(target)
    write(directory, target, TEXT[target])
    before = tree(directory)
    status, said = call(directory, target)
    report.check(name + "accepts what is right", status == 0 and said == "%s: accepted (%s)\n" % (target, version), "%d: %s" % (status, said))
    status, said = call(os.path.join(directory, target))
    report.check(name + "takes one target's directory", status == 0 and "accepted" in said, "%d: %s" % (status, said))
    report.check(name + "leaves nothing in the output", tree(directory) == before, lambda: tree(directory))
    report.check(name + "leaves nothing on the machine", not any(map(os.path.exists, ("/etc/tmgport-live-test", "/run/tmgport-live-test"))), "a directory is left")
    write(directory, target, TEXT[target].replace("events", "evints").replace("mode http", "mode htp"))
    status, said = call(directory, target)
    report.check(name + "shows the checker's own words", status == 1 and "refused" in said and ("evints" in said or "htp" in said), "%d: %s" % (status, said))
    write(directory, target, TEXT[target].replace(CERTIFICATES + "/l1.pem", CERTIFICATES + "/l2.pem"))
    status, said = call(directory, target)
    report.check(name + "a certificate that the manifest does not name is missing", status == 1 and "l2.pem" in said, "%d: %s" % (status, said))
    write(directory, target, TEXT[target].replace("web01", "web02"))
    status, said = call(directory, target)
    report.check(name + "a host name that the manifest does not name is unknown", status == 1 and "web02" in said, "%d: %s" % (status, said))
    real_files(report, name, directory, target)


def real_files(report, name, directory, target):
    """Certificates that are there already stay what they are."""
    with tempfile.TemporaryDirectory() as certificates:
        mine = os.path.join(certificates, "l1.pem")
        with open(mine, "w", encoding="ascii") as file:
            file.write("mine\n")
        manifest = json.loads(json.dumps(MANIFEST).replace(CERTIFICATES, certificates))
        write(directory, target, TEXT[target].replace(CERTIFICATES, certificates), manifest)
        status, said = call(directory, target)
        with open(mine, encoding="ascii") as file:
            kept = file.read() == "mine\n" and os.listdir(certificates) == ["l1.pem"]
        report.check(name + "never writes over a certificate that exists", status == 0 and kept, "%d: %s" % (status, said))


def run(report):
    for target in sorted(TEXT):
        if live.try_config.program_version(target) is None:
            report.missing("try-config, %s" % target, "it is not installed")
            continue
        with tempfile.TemporaryDirectory() as directory:
            tests(report, directory, target)
    with tempfile.TemporaryDirectory() as directory:
        status, said = call(directory)
        report.check("try-config: a directory without configurations is an error", status == 1 and "holds no" in said, "%d: %s" % (status, said))
    status, said = call()
    report.check("try-config: usage", status == 2 and said.startswith("usage"), "%d: %s" % (status, said))
