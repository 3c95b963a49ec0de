#!/usr/bin/python3
"""Feeds Loki with the consoles and events of a fleet, by its push API (docs/fleet.md):

mosquitto_sub -V 5 -h broker.example -c -i loki -q 1 -F '%t\\t%P\\t%x' -t 'ser2net/+/port/+/output' -t 'ser2net/+/event' |
    python3 fleet-to-loki.py http://loki.example:3100

Labels are job=ser2net, board, and port for a console. A console becomes lines; one without an end is pushed after a second.
While Loki is away, the broker keeps the messages (Mosquitto at most max_queued_messages of them)."""
import json
import os
import select
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime
from urllib.parse import unquote

LONGEST_LINE = 4096
WAIT_SECONDS = 1
REPEATED = 1_000_000  # as in `ser2net fleet console`
EPOCHS = 64

streams = {}  # of labels: pairs of nanoseconds and a line
begun = {}  # of a topic: bytes without an end of line, nanoseconds, and the time on this machine
numbers = {}  # of a topic: the last one of each epoch, the oldest epoch first


def add(topic, stamp, line):
    levels = [unquote(level) for level in topic.split("/")]
    names = {"board": levels[-4], "port": levels[-2]} if levels[-1] == "output" else {"board": levels[-2]}
    labels = {"job": "ser2net", **names}
    streams.setdefault(json.dumps(labels), []).append([stamp, line.decode(errors="replace").rstrip("\r")])


def take(topic, properties, payload):
    user = dict(one.split(":", 1) for one in properties.split(" "))
    seq, epoch = int(user["seq"]), user.get("epoch", "")
    lasts = numbers.setdefault(topic, {})
    last = lasts.get(epoch, 0)
    if last - REPEATED < seq <= last:
        return
    lasts[epoch] = seq
    if len(lasts) > EPOCHS:
        del lasts[next(iter(lasts))]
    moment = datetime.fromisoformat(user["time"].replace("Z", "+00:00"))
    stamp = f"{round(moment.timestamp() * 1000)}000000"
    if topic.endswith("/event"):
        add(topic, stamp, payload)
        return
    before, first, _ = begun.pop(topic, (b"", stamp, 0))
    *lines, rest = (before + payload).split(b"\n")
    for line in lines:
        add(topic, first, line)
        first = stamp
    if rest:
        begun[topic] = (rest, first, time.monotonic())


def end_lines():
    for topic, (rest, first, since) in list(begun.items()):
        if len(rest) > LONGEST_LINE or time.monotonic() - since > WAIT_SECONDS:
            add(topic, first, rest)
            del begun[topic]


def push(url):
    """Tries until Loki takes it, or says that it never will."""
    body = {"streams": [{"stream": json.loads(labels), "values": lines} for labels, lines in streams.items()]}
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    while streams:
        try:
            urllib.request.urlopen(request, timeout=30).close()
            streams.clear()
        except OSError as error:
            print(f"fleet-to-loki: {error}", file=sys.stderr)
            if isinstance(error, urllib.error.HTTPError) and error.code < 500 and error.code != 429:
                print(f"fleet-to-loki: dropped: {error.read(500)!r}", file=sys.stderr)
                streams.clear()
            else:
                time.sleep(WAIT_SECONDS)


def main():
    url = sys.argv[1].rstrip("/") + "/loki/api/v1/push"
    received, chunk = b"", b"-"
    while chunk:
        if select.select([0], [], [], WAIT_SECONDS)[0]:
            chunk = os.read(0, 65536)
            *messages, received = (received + chunk).split(b"\n")
            for message in messages:
                topic, properties, payload = message.decode().split("\t")
                take(topic, properties, bytes.fromhex(payload))
        end_lines()
        push(url)


main()
