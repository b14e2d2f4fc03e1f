#!/usr/bin/env python3
"""What a copy costs, beside the tools that people use, in one run: prints the tables of README.md.

    cargo build --release --package mirror
    acceptance-tests/bench/compare.py [--scripts DIR] [--rounds N] [--cases LIST] [SETTING ...]

SETTING is any of `http`, `tls` (both on loopback), `wan` and `wan-tls` (a link of 40 ms and
1 Gbit/s; root). Without one: all four.

--scripts is a folder with the benchmark's `registries.sh`, `make_images.py`, `run.py`, `wan.sh`
and `floor.rs`; `../shared/bench` beside this repository if not given. Peers are whatever is on
the PATH of skopeo, crane, regctl and oras; the floor copies without verifying anything. Ratios are
to the first of crane, skopeo and the floor that is there, and the last table holds ours against the
targets that have been set for them.

Absolute figures belong to the machine and the hour. Needs Linux, a registry (`registry` or
Debian's `docker-registry`, or REGISTRY_BIN), GNU time, curl, openssl, rustc."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "target/release/mirror"
FLOOR = ROOT / "target/release/floor"
STORE = Path(os.environ.get("BENCH_DIR", "/dev/shm/ecrpublic-bench"))
CASES = ["small", "layers", "large", "many"]


@dataclass
class Setting:
    """Where a copy is measured."""

    name: str
    tls: bool
    wan: bool

    @property
    def store(self):
        return STORE / self.name

    def command(self, side, *words):
        """A command on the side of the registries or of the tools."""
        return [str(SCRIPTS / "wan.sh"), side, *words] if self.wan else list(words)

    def environment(self):
        env = {**os.environ, "BENCH_DIR": str(self.store)}
        if self.tls:
            env |= {"TLS": "1", "SSL_CERT_FILE": str(self.store / "cert.pem")}
        if self.wan:
            env |= {"LISTEN": "0.0.0.0", "SRC_HOST": "src.local", "DST_HOST": "dst.local"}
        return env

    def run(self, side, *words, **options):
        return subprocess.run(self.command(side, *words), env=self.environment(), check=True, **options)


SETTINGS = {
    name: Setting(name, tls="tls" in name, wan="wan" in name) for name in ("http", "tls", "wan", "wan-tls")
}


def tools(setting, case):
    """The command of every tool there is, as run.py wants them."""
    plain = not setting.tls
    skopeo = "skopeo copy --all --preserve-digests" + " --src-tls-verify=false --dest-tls-verify=false" * plain
    crane = "crane copy" + " --insecure" * plain
    peers = {
        "skopeo": f"{skopeo} docker://{{src}} docker://{{dst}}",
        "crane": f"{crane} {{src}} {{dst}}",
        "crane-j": f"{crane} --jobs 32 {{src}} {{dst}}" if setting.wan and case == "layers" else None,
        "regctl": "regctl image copy {src} {dst}",
        "oras": "oras copy -r" + " --from-plain-http --to-plain-http" * plain + " {src} {dst}",
    }
    ours = f"{OURS} " + ("--plain-http" if plain else f"--ca-bundle {setting.store}/cert.pem")
    many = case == "many"
    # One after the other where nothing is far away, as scripts do it; else eight at once.
    at_once = "@8" if many and setting.wan else ""
    found = [
        (name + at_once, command)
        for name, command in peers.items()
        if command and name not in WITHOUT and shutil.which(command.split()[0])
    ]
    if plain:
        found.append(("floor", f"{FLOOR} --pairs {{pairs}}" if many else f"{FLOOR} {{src}} {{dst}}"))
    found.append(("ours", f"{ours} sync {{pairs}}" if many else f"{ours} copy {{src}} {{dst}}"))
    return [f"{name}={command}" for name, command in found]


def measure(setting, cases, rounds):
    """Every single run, as run.py writes them."""
    setting.store.mkdir(parents=True, exist_ok=True)
    if setting.wan:
        link(setting, "up", "40", "1000")
    try:
        setting.run("server", str(SCRIPTS / "registries.sh"), "start", *ports(setting), stdout=subprocess.DEVNULL)
        setting.run("server", str(SCRIPTS / "make_images.py"), "--cases", ",".join(cases), stdout=subprocess.DEVNULL)
        return [run for case in cases for run in measure_case(setting, case, rounds)]
    finally:
        setting.run("server", str(SCRIPTS / "registries.sh"), "stop")
        shutil.rmtree(setting.store / "src", ignore_errors=True)
        shutil.rmtree(setting.store / "dst", ignore_errors=True)
        if setting.wan:
            link(setting, "down")


def link(setting, *words):
    subprocess.run([str(SCRIPTS / "wan.sh"), *words], env=setting.environment(), check=True)


def ports(setting):
    first = 5600 + 10 * list(SETTINGS).index(setting.name)
    return str(first), str(first + 1)


def measure_case(setting, case, rounds):
    results = setting.store / f"{case}.json"
    setting.run(
        "client", sys.executable, str(SCRIPTS / "run.py"), "--case", case, "--rounds", str(rounds),
        "--warmup", "0" if setting.wan else "1",
        "--json", str(results), *tools(setting, case),
    )
    return json.loads(results.read_text())["runs"]


# --- What is printed --------------------------------------------------------------------------


@dataclass
class Target:
    """Ours over another tool's, in one figure; or an absolute limit if there is no other."""

    setting: str
    case: str
    mode: str
    figure: str
    limit: float
    base: str = ""


def ratios(setting, case, mode, **limits):
    """Targets against other tools: `wall_crane=0.8`."""
    for name, limit in limits.items():
        figure, _, base = name.partition("_")
        yield Target(setting, case, mode, figure, limit, base.replace("_", "-"))


TARGETS = [
    *ratios("http", "small", "empty", wall_crane=0.80, cpu_crane=0.65, wall_floor=1.2, src=30, dst=58, rss=10),
    *ratios("http", "layers", "empty", wall_crane=0.65, cpu_crane=0.40, wall_floor=1.2, src=103, dst=206, rss=12),
    *ratios("http", "large", "empty", wall_crane=0.88, cpu_crane=0.75, wall_floor=1.1, src=34, dst=62, rss=12),
    *ratios("http", "many", "empty", wall_crane=0.40, cpu_crane=0.40, wall_floor=1.4, src=303, dst=700, rss=16),
    *ratios("http", "small", "noop", wall_crane=0.60, cpu_crane=0.50, src=1, dst=1, rss=8),
    *ratios("http", "many", "noop", wall_crane=0.10, cpu_crane=0.05, src=50, dst=50, rss=10),
    *ratios("wan", "small", "empty", wall_crane=0.55, wall_floor=1.25),
    *ratios("wan", "layers", "empty", wall_crane=0.20, wall_crane_j=0.75, wall_floor=1.3),
    *ratios("wan", "large", "empty", wall_crane=1.00, wall_floor=1.05),
    *ratios("wan", "many", "empty", wall_regctl=0.60, wall_floor=1.15),
    *ratios("wan", "small", "noop", wall_regctl=0.65),
    *ratios("wan", "many", "noop", wall_regctl=0.20),
    *ratios("wan-tls", "small", "empty", wall_crane=0.50),
    *ratios("wan-tls", "layers", "empty", wall_crane=0.25, wall_oras=0.75),
    *[
        target
        for setting in ("tls", "wan-tls")
        for case, rss in [("small", 16), ("layers", 18), ("large", 18), ("many", 22)]
        for target in ratios(setting, case, "empty", rss=rss)
    ],
]
FIGURES = {"wall": "wall s", "cpu": "CPU s", "rss": "peak MB", "src": "requests to source", "dst": "to destination"}


def show(name, runs):
    """The medians of one setting."""
    grouped = defaultdict(list)
    for run in runs:
        grouped[run["case"], run["mode"], run["tool"]].append(run)
    print(f"\n### {name}\n\n| case | tool | wall s | CPU s | peak MB | requests | MB | other % |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for (case, mode, tool), rounds in grouped.items():
        wall, cpu, rss, src, dst, net, other = (
            statistics.median(run[figure] for run in rounds)
            for figure in ("wall", "cpu", "rss", "src", "dst", "net", "other")
        )
        bad = " (bad copy)" if any(run["bad"] for run in rounds) else ""
        print(
            f"| {case}, {mode} | {tool}{bad} | {wall:.3f} | {cpu:.3f} | {rss:.1f} | {src:.0f}+{dst:.0f} "
            f"| {net:.1f} | {other:.0f} |"
        )


def judge(measured):
    """Ours against the targets, as medians of the ratios within each round."""
    print("\n### Targets\n\n| setting | case | figure | of | target | measured | |")
    print("|---|---|---|---|--:|--:|---|")
    for target in TARGETS:
        if target.setting not in measured:
            continue
        found = ratio(target, measured[target.setting])
        if found is None:
            print(f"| {target.setting} | {target.case}, {target.mode} | {FIGURES[target.figure]} | {target.base} "
                  f"| {target.limit:g} | not there | |")
            continue
        met = "met" if found <= target.limit else "**missed**"
        print(f"| {target.setting} | {target.case}, {target.mode} | {FIGURES[target.figure]} | {target.base or '-'} "
              f"| {target.limit:g} | {found:.3g} | {met} |")


def ratio(target, runs):
    by_tool = defaultdict(dict)
    for run in runs:
        if (run["case"], run["mode"]) == (target.case, target.mode):
            by_tool[run["tool"].partition("@")[0]][run["round"]] = run[target.figure]
    ours, base = by_tool["ours"], by_tool.get(target.base)
    if not ours or (target.base and not base):
        return None
    return statistics.median(value / (base[number] if base else 1) for number, value in ours.items())


def kept(folder, measured):
    """The runs of this time, beside those of earlier times for other cases."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, runs in measured.items():
        file = folder / f"{name}.json"
        cases = {run["case"] for run in runs}
        earlier = json.loads(file.read_text()) if file.exists() else []
        file.write_text(json.dumps([run for run in earlier if run["case"] not in cases] + runs))
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


def main():
    global SCRIPTS, WITHOUT
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="*", metavar="SETTING", help=", ".join(SETTINGS))
    parser.add_argument("--scripts", type=Path, default=ROOT.parent / "shared/bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--without", default="", help="peers to leave out, with commas between them")
    parser.add_argument("--save", type=Path, help="a folder to keep every single run in, and to print older ones from")
    arguments = parser.parse_args()
    SCRIPTS, WITHOUT = arguments.scripts.resolve(), arguments.without.split(",")
    for missing in (path for path in (OURS, SCRIPTS / "run.py") if not path.exists()):
        sys.exit(f"{missing} is missing: see --help")
    for name in arguments.settings:
        if name not in SETTINGS:
            parser.error(f"no such setting: {name}")
    subprocess.run(["rustc", "-O", "-o", str(FLOOR), str(SCRIPTS / "floor.rs")], check=True)
    measured = {}
    for name in arguments.settings or SETTINGS:
        measured[name] = measure(SETTINGS[name], arguments.cases.split(","), arguments.rounds)
    if arguments.save:
        measured = kept(arguments.save, measured)
    for name, runs in measured.items():
        show(name, runs)
    judge(measured)


if __name__ == "__main__":
    main()
