#!/usr/bin/env python3
"""What the provider costs, printed beside hashicorp/aws 5.100.0 in the same run.

    cargo build --release --workspace
    acceptance-tests/bench/figures.py

Prints: size of the binary, time from exec to the handshake line, peak memory after
GetProviderSchema, peak memory while a layer of 300 MB is copied, and a plan of 200 unchanged
instances. Nothing is asserted: absolute figures depend on the machine, the ratio less so.

hashicorp/aws is looked for in the filesystem mirrors that Terraform knows, in TF_PLUGIN_MIRROR and
in /*/tf-plugins. Without it its column stays empty and the last line says so.

Linux only: peak memory is VmHWM in /proc.
"""

import glob
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "target/release/terraform-provider-ecrpublic"
SANDBOX = ROOT / "target/release/ecr-public-sandbox"
TERRAFORM = os.environ.get("TERRAFORM", "terraform")
ADDRESS = {"ours": "registry.terraform.io/ecrpublic/ecrpublic", "aws": "registry.terraform.io/hashicorp/aws"}
AWS_VERSION = "5.100.0"
ROUNDS = 11
MB = 1_000_000

ACCOUNTS = [f"{number:012d}" for number in range(300000000001, 300000000021)]
IMAGES = [f"image-{number}" for number in range(10)]


def main():
    for program in (OURS, SANDBOX):
        if not program.exists():
            sys.exit(f"{program.relative_to(ROOT)} is missing: run `cargo build --release --workspace`")
    if not shutil.which(TERRAFORM):
        sys.exit("Terraform is not on the PATH")
    aws = find_aws()
    binaries = {"ours": OURS, "aws": aws}
    rows = [
        ("binary, MB", {name: path and path.stat().st_size / MB for name, path in binaries.items()}),
        ("exec to handshake line, ms", each(binaries, handshake)),
        ("peak memory after GetProviderSchema, MB", each(binaries, schema_memory)),
        ("peak memory, a layer of 300 MB copied, MB", {"ours": layer_memory()}),
    ]
    seconds, memory = plans(aws)
    rows.append(("plan of 200 unchanged instances, s", seconds))
    rows.append(("peak memory of that plan, MB", memory))
    show(rows)
    if not aws:
        print(f"\nhashicorp/aws {AWS_VERSION} was not found: its column is empty.")


def show(rows):
    print(f"{'':44}{'ecrpublic':>10}{'aws':>10}{'ratio':>8}")
    for name, values in rows:
        ours, aws = values.get("ours"), values.get("aws")
        ratio = f"{ours / aws:8.3f}" if ours and aws else f"{'':8}"
        print(f"{name:44}{number(ours):>10}{number(aws):>10}{ratio}")


def number(value):
    return "-" if value is None else f"{value:.1f}"


def each(binaries, measure):
    return {name: path and measure(name, path) for name, path in binaries.items()}


def find_aws():
    places = [os.environ.get("TF_PLUGIN_MIRROR"), *glob.glob("/*/tf-plugins"),
              "/usr/local/share/terraform/plugins", str(Path.home() / ".terraform.d/plugins")]
    for place in filter(None, places):
        found = glob.glob(f"{place}/{ADDRESS['aws']}/{AWS_VERSION}/*/terraform-provider-aws*")
        if found:
            return Path(found[0])
    return None


# --- The process ------------------------------------------------------------------------------


def handshake(_name, path):
    """Median milliseconds from exec to the line that Terraform waits for, the first run unmeasured."""
    certificate = client_certificate()
    environment = {
        "TF_PLUGIN_MAGIC_COOKIE": "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
        "PLUGIN_PROTOCOL_VERSIONS": "5,6",
        "PLUGIN_CLIENT_CERT": certificate,
        "PATH": os.environ["PATH"],
        "TMPDIR": tempfile.gettempdir(),
    }
    times = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        process = subprocess.Popen(
            [path], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        line = process.stdout.readline()
        times.append((time.perf_counter() - began) * 1000)
        process.kill()
        process.wait()
        if line.count(b"|") < 4:
            sys.exit(f"{path} answered {line!r} instead of a handshake line")
    return statistics.median(times[1:])


def client_certificate():
    """A certificate like that of Terraform: P-521, its own authority."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521", "-nodes",
                   "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                   "-keyout", f"{folder}/key", "-out", f"{folder}/certificate"]
        subprocess.run(command, check=True, capture_output=True)
        return Path(f"{folder}/certificate").read_text()


class Peak:
    """Watches the memory of every process that runs this program."""

    def __init__(self, program):
        self.program = os.path.realpath(program)
        self.bytes = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def watch(self):
        known, seen = set(), set()
        while not self.stop.wait(0.005):
            for pid in {name for name in os.listdir("/proc") if name.isdigit()} - seen:
                try:
                    if os.path.realpath(f"/proc/{pid}/exe") == self.program:
                        known.add(pid)
                except OSError:
                    pass
                # A fork that has not become the program yet is looked at again.
                if pid in known or int(pid) < os.getpid():
                    seen.add(pid)
            for pid in list(known):
                try:
                    status = Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    known.discard(pid)
                    continue
                peak = re.search(r"VmHWM:\s+(\d+) kB", status)
                if peak:
                    self.bytes = max(self.bytes, int(peak.group(1)) * 1024)


# --- Terraform --------------------------------------------------------------------------------


class Folder:
    """A working folder in which Terraform finds one provider, and a sandbox if there is one."""

    def __init__(self, root, name, binary, environment=()):
        self.work = root / "work"
        packages = root / "packages"
        version = AWS_VERSION if name == "aws" else "0.1.0"
        package = packages / ADDRESS[name] / version / platform()
        package.mkdir(parents=True)
        self.work.mkdir()
        (package / f"terraform-provider-{ADDRESS[name].rsplit('/', 1)[1]}_v{version}").symlink_to(binary)
        configuration = root / "terraform.rc"
        configuration.write_text(
            f'disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{ path = "{packages}" }}\n}}\n'
        )
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(root), "TF_CLI_CONFIG_FILE": str(configuration),
            "TMPDIR": tempfile.gettempdir(), "TF_IN_AUTOMATION": "1", "AWS_EC2_METADATA_DISABLED": "true",
            **dict(environment),
        }

    def configure(self, name, text):
        source = ADDRESS[name].split("/", 1)[1]
        local = source.rsplit("/", 1)[1]
        required = f'terraform {{\n  required_providers {{\n    {local} = {{ source = "{source}" }}\n  }}\n}}\n'
        (self.work / "main.tf").write_text(required + text)
        self.run("init", "-input=false")

    def run(self, *arguments):
        done = subprocess.run([TERRAFORM, *arguments], cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"terraform {' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout


def platform():
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    return f"{os.uname().sysname.lower()}_{machine}"


@contextmanager
def folder(name, binary, environment=()):
    with tempfile.TemporaryDirectory(prefix="figures-") as root:
        yield Folder(Path(root), name, binary, environment)


def schema_memory(name, path):
    with folder(name, path) as terraform, Peak(path) as peak:
        terraform.configure(name, "")
        terraform.run("providers", "schema", "-json")
    return peak.bytes / MB


# --- The sandbox ------------------------------------------------------------------------------


@contextmanager
def sandbox(seed):
    """A running sandbox: its environment and its provider block."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(seed, file)
        file.flush()
        process = subprocess.Popen([SANDBOX, "--seed", file.name], stdout=subprocess.PIPE, text=True)
        lines = []
        for line in process.stdout:
            if line.startswith("# Running"):
                break
            lines.append(line)
        text = "".join(lines)
        environment = dict(re.findall(r"^export (\w+)='(.*)'$", text, re.MULTILINE))
        try:
            yield environment, text[text.index('provider "ecrpublic"'):]
        finally:
            process.terminate()
            process.wait()


def demo():
    return json.loads(subprocess.run([SANDBOX, "--print-seed"], check=True, capture_output=True, text=True).stdout)


def layer_memory():
    seed = demo()
    seed["hub"]["repositories"]["library/large"] = {"tags": {"1": {"layers": [300 * MB]}}}
    resource = 'resource "ecrpublic_mirrored_image" "it" {\n  source = "large:1"\n  account_id = "222222222222"\n}\n'
    with sandbox(seed) as (environment, provider), folder("ours", OURS, environment) as terraform, Peak(OURS) as peak:
        terraform.configure("ours", provider + resource)
        terraform.run("apply", "-input=false", "-auto-approve")
    return peak.bytes / MB


def plans(aws):
    """Seconds and peak MB of a plan in which nothing changes: ours in 20 accounts, theirs in one."""
    seed = demo()
    tooling, template = seed["accounts"][0], seed["accounts"][1]
    seed["accounts"] = [tooling, template] + [{**template, "id": account} for account in ACCOUNTS]
    for image in IMAGES:
        seed["hub"]["repositories"][f"library/{image}"] = {"tags": {"1": {"layers": [1000]}}}
    ours = f"""
    resource "ecrpublic_mirrored_image" "it" {{
      for_each   = {{ for pair in setproduct({json.dumps(ACCOUNTS)}, {json.dumps(IMAGES)}) : "${{pair[0]}}/${{pair[1]}}" => pair }}
      source     = "${{each.value[1]}}:1"
      account_id = each.value[0]
    }}
    """
    seconds, memory = {}, {}
    with sandbox(seed) as (environment, provider):
        theirs = f"""
        provider "aws" {{
          region                      = "us-east-1"
          skip_metadata_api_check     = true
          skip_requesting_account_id  = true
          assume_role {{ role_arn = "arn:aws:iam::111111111111:role/tooling" }}
          assume_role {{ role_arn = "arn:aws:iam::222222222222:role/ecr-publisher" }}
          endpoints {{
            ecrpublic = "{environment['AWS_ENDPOINT_URL_ECR_PUBLIC']}"
            sts       = "{environment['AWS_ENDPOINT_URL_STS']}"
          }}
        }}
        resource "aws_ecrpublic_repository" "it" {{
          count           = 200
          repository_name = "theirs-${{count.index}}"
        }}
        """
        for name, binary, text in (("ours", OURS, provider + ours), ("aws", aws, theirs)):
            if not binary:
                continue
            with folder(name, binary, environment) as terraform:
                terraform.configure(name, text)
                terraform.run("apply", "-input=false", "-auto-approve", "-parallelism=50")
                with Peak(binary) as peak:
                    began = time.perf_counter()
                    # The exit code 2, changes, is a failure here.
                    terraform.run("plan", "-input=false", "-detailed-exitcode")
                    seconds[name] = time.perf_counter() - began
                memory[name] = peak.bytes / MB
    return seconds, memory


if __name__ == "__main__":
    main()
