# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Makes a table, JSON and pictures of what was measured."""
import json
from pathlib import Path

from chart import bars, curves


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
        lines += ["### Growth", "", "How much more time a message takes in the largest mailbox than in the smallest: 1 is linear.",
                  "", f"| | {names[0]} | {names[1]} |", "|---|---|---|"]
        lines += [f"| {entry['title']} | {number(entry['values'].get(names[0]))} | {number(entry['values'].get(names[1]))} |"
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


def growth(rows, sizes, names):
    """Cost of one message at the largest size by that at the smallest, for each kind of row of the mailboxes."""
    found = []
    for kind, title in (("flags", "FETCH flags"), ("envelopes", "FETCH envelopes"), ("bodies", "FETCH bodies"),
                        ("search", "SEARCH TEXT"), ("select-warm", "SELECT, warm"), ("select-cold", "SELECT, cold")):
        by_key = {row["row"]: row for row in rows}
        first, last = (by_key.get(f"{kind}-{size}") for size in (sizes[0], sizes[-1]))
        if not first or not last:
            continue
        values = {}
        for name in names:
            a, b = (row["servers"].get(name, {}).get("median") for row in (first, last))
            if a and b:
                # A rate is of messages already; a time is of the whole mailbox.
                values[name] = a / b if first["better"] == "more" else (b / sizes[-1]) / (a / sizes[0])
        found.append({"title": title, "values": values})
    return found


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
