# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Makes a table, JSON and pictures of what was measured."""
import json
import math
from pathlib import Path

from chart import bars, curves
from rows import GROWING

#: Milliseconds that a command of one session may keep another waiting.
PAUSE_BAR = 50
#: Growth above this is marked: 1 is linear.
GROWTH_BAR = 1.15


def number(value):
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def verdict(row):
    """Whether the bars are reached."""
    if row["failed"]:
        return "failed"
    said = [reached(row.get("ratio", {}).get("median"), row["bar"], row["goal"])]
    cpu = reached(row.get("cpu_ratio"), row["cpu_bar"], row["cpu_goal"])
    return ", ".join(filter(None, [*said, cpu and f"CPU {number(row['cpu_bar'])}, {number(row['cpu_goal'])}: {cpu}"]))


def reached(ratio, bar, goal):
    if bar is None or ratio is None:
        return ""
    if goal is not None and ratio >= goal:
        return "goal reached"
    return "bar reached" if ratio >= bar else "below the bar"


def spread(server):
    return f"{number(server['median'])} ({number(server['least'])} to {number(server['most'])})" if server else ""


def markdown(results):
    """The whole report, for docs/measurements.md."""
    names = results["names"]
    lines = [f"`{results['command']}`, {results['begun']}, {results['machine']}; {results['versions']}; {results['rounds']} rounds in turns; "
             f"load {results['load'][0]:.1f} at the beginning, {results['load'][1]:.1f} at the end; "
             f"{results['seconds'] / 60:.0f} minutes.", "",
             "Medians, and least to most. The ratio is the median of the rounds' ratios; above 1 Martlet is better. "
             "Processor time is that of all processes of the server, for each unit of work.", ""]
    for group in dict.fromkeys(row["group"] for row in results["rows"]):
        lines += [f"### {group}", "",
                  f"| | unit | {names[0]} | {names[1]} | ratio | CPU, ms: {names[0]}, {names[1]} | CPU ratio "
                  "| memory, MB | bar, goal | |", "|---|---|---|---|---|---|---|---|---|---|"]
        for row in (row for row in results["rows"] if row["group"] == group):
            ours, theirs = (row["servers"].get(name) for name in names)
            ratio = row.get("ratio")
            cpu = ", ".join(number(server["cpu_ms"]) if server else "" for server in (ours, theirs))
            memory = ", ".join(number(server["memory_mb"]) if server else "" for server in (ours, theirs))
            bar = f"{number(row['bar'])}, {number(row['goal'])}" if row["bar"] is not None else ""
            shown = f"**{ratio['median']:.2f}** ({ratio['least']:.2f} to {ratio['most']:.2f})" if ratio else ""
            lines.append(f"| {row['title']} | {row['unit']} | {spread(ours)} | {spread(theirs)} | {shown} | {cpu} "
                         f"| {number(row.get('cpu_ratio'))} | {memory} | {bar} | {verdict(row)} |")
        lines.append("")
    if results.get("pauses"):
        lines += pauses(results["pauses"], names)
    if results["alone"]:
        lines += ["### Martlet alone", "", "| | | bar, goal |", "|---|---|---|"]
        lines += [f"| {entry['title']} | {entry['value']} | {entry.get('bars', '')} |" for entry in results["alone"]]
        lines.append("")
    if shares := list(proxy_shares(results["rows"], names[0])):
        lines += ["### What the front-end costs", "", "Its part of the processor time of a row, the rest being the back-end's: "
                  "what it is to have a process between the client and the mail.", "",
                  "| | front-end, ms | all, ms | part |", "|---|---|---|---|"]
        lines += [f"| {title} | {number(own)} | {number(whole)} | {100 * own / whole:.0f} % |" for title, own, whole in shares]
        lines.append("")
    if results["growth"]:
        lines += ["### Growth", "", f"How time grows with the mailbox: the exponent of the number of messages, 1 being linear, from "
                  f"{results['sizes'][0]:,} to {results['sizes'][-1]:,}, and in parentheses from size to size. Above {GROWTH_BAR} "
                  "it is marked.", "", f"| | {names[0]} | {names[1]} |", "|---|---|---|"]
        lines += [f"| {entry['title']} | " + " | ".join(exponents(entry["values"].get(name)) for name in names[:2]) + " |"
                  for entry in results["growth"]]
        lines.append("")
    lines += [f"- {note}" for note in results["notes"]]
    return "\n".join(lines).rstrip() + "\n"


def proxy_shares(rows, name):
    """Rows that go through the front-end: their title, its milliseconds for each unit of work, and everybody's."""
    for row in rows:
        used = row["servers"].get(name, {}).get("cpu_ms_by_process", {})
        own = sum(ms for process, ms in used.items() if process.startswith("frontend"))
        if own > 0:
            yield row["title"], own, sum(used.values())


def pauses(rows, names):
    """The lines about what another session waited for."""
    lines = ["### Pauses of another session", "", "What a session of another user waits for NOOP, in ms, while each command runs on "
             "the largest mailbox: the longest wait, as the median of the rounds and the most of all. The session asks every "
             f"3 ms; *nothing* shows what the machine adds by itself. Bar: {PAUSE_BAR} ms.", "",
             f"| | {names[0]} | {names[1]} | command takes, s: {names[0]}, {names[1]} | |", "|---|---|---|---|---|"]
    for row in rows:
        servers = [row["servers"].get(name) for name in names[:2]]
        waits = [f"{number(one['median'])} ({number(one['most'])})" if one else "" for one in servers]
        taken = ", ".join(number(one["seconds"]) if one else "" for one in servers)
        ours = servers[0]["median"] if servers[0] else None
        said = "" if ours is None else "within the bar" if ours <= PAUSE_BAR else f"**above {PAUSE_BAR} ms**"
        lines.append(f"| {row['command']} | {' | '.join(waits)} | {taken} | {said} |")
    return lines + [""]


def exponents(found):
    """The growth of one row of one server, as text."""
    if not found:
        return ""
    whole = f"{found['exponent']:.2f}"
    steps = ", ".join(f"{step:.2f}" for step in found["steps"])
    return (f"**{whole}**" if found["exponent"] > GROWTH_BAR else whole) + (f" ({steps})" if len(found["steps"]) > 1 else "")


def growth(rows, sizes, names):
    """How the time of each kind of row of the mailboxes grows with their size, as an exponent."""
    by_key = {row["row"]: row for row in rows}
    found = []
    for kind, title in GROWING:
        values = {}
        for name in names:
            points = [(size, seconds(by_key.get(f"{kind}-{size}"), name, size)) for size in sizes]
            points = [point for point in points if point[1]]
            if len(points) < 2:
                continue
            steps = [exponent(first, second) for first, second in zip(points, points[1:])]
            values[name] = {"exponent": exponent(points[0], points[-1]), "steps": steps}
        if values:
            found.append({"title": title, "values": values})
    return found


def seconds(row, name, size):
    """A time that stands for a whole mailbox: a rate is of its messages, whatever it counts; a time is of all of them."""
    median = row and row["servers"].get(name, {}).get("median")
    return median and (size / median if row["better"] == "more" else median)


def exponent(first, second):
    return math.log(second[1] / first[1]) / math.log(second[0] / first[0])


def write(results, folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.json").write_text(json.dumps(results, indent=1) + "\n")
    text = markdown(results)
    (folder / "bench.md").write_text(text)
    for group in dict.fromkeys(row["group"] for row in results["rows"]):
        rows = [row for row in results["rows"] if row["group"] == group and row.get("ratio")]
        name = "".join(letter if letter.isalnum() else "-" for letter in group.lower()).replace(",", "")
        (folder / f"bench-{name}.svg").write_text(bars(group, rows, results["names"]))
    if results["growth"]:
        (folder / "bench-growth.svg").write_text(curves(results["rows"], results["sizes"], results["names"]))
    return text
