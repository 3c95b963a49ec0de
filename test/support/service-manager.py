"""A service manager with a descriptor store, as systemd is one: keeps what a service stores, and hands it to the next process.

Usage: service-manager.py MAX COMMAND...   Commands come on standard input, one a line: start, kill SIGNAL, list, clear,
hold (what the service says waits), go, put NAME sealed|open [BASE64] (a memory file into the store),
read NAME (content of the first stored file whose name begins so), take NAME (out, all that begin so). What happens is said
on standard output as JSON, one object a line.
"""
import array, base64, ctypes, fcntl, json, os, select, signal, socket, sys

limit, command = int(sys.argv[1]), sys.argv[2:]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
address = "\0ser2net-manager-%d" % os.getpid()
receiver.bind(address)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 23)
store = []  # [name, descriptor, polled]
child = watch = None
poller = select.poll()
poller.register(0, select.POLLIN)
poller.register(receiver, select.POLLIN)


def say(**what):
    print(json.dumps(what), flush=True)


def start():
    global child, watch
    handed = list(reversed(store))
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        first = 3 + len(handed) + 100
        copies = [fcntl.fcntl(fd, fcntl.F_DUPFD, first) for _, fd, _ in handed]
        for at, fd in enumerate(copies):
            os.dup2(fd, 3 + at)
        os.closerange(3 + len(handed), 100000 if not copies else max(copies) + 1)
        os.dup2(2, 1)
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        if len(handed) == 0: os.closerange(3, 100)
        names = ":".join(name for name, _, _ in handed)
        os.environ.update(NOTIFY_SOCKET="@" + address[1:], LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(handed)), LISTEN_FDNAMES=names, FDSTORE=str(limit))
        os.execvp(command[0], command)
    watch = os.pidfd_open(child)
    poller.register(watch, select.POLLIN)
    say(event="started", pid=child)


def drop(entry):
    store.remove(entry)
    if entry[2]: poller.unregister(entry[1])
    os.close(entry[1])


def receive():
    data, ancillary, _, _ = receiver.recvmsg(8192, socket.CMSG_SPACE(4 * 253))
    fds = array.array("i")
    for level, kind, payload in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS): fds.frombytes(payload)
    text = data.decode()
    fields = dict(line.split("=", 1) for line in text.split("\n") if "=" in line)
    name = fields.get("FDNAME", "stored")
    if fields.get("FDSTORE") == "1":
        for fd in fds:
            if len(store) >= limit:
                os.close(fd)
                say(event="full", name=name)
                continue
            polled = fields.get("FDPOLL") != "0" and not name in ("state", "journal")
            if polled: poller.register(fd, 0)
            store.append([name, fd, polled])
        return
    for fd in fds: os.close(fd)
    if fields.get("FDSTOREREMOVE") == "1":
        for entry in [one for one in store if one[0] == name]: drop(entry)
        return
    if fields.get("BARRIER") != "1": say(event="said", text=text)


def memory_file(content, is_sealed):
    fd = os.memfd_create("forged", os.MFD_ALLOW_SEALING)
    os.write(fd, content)
    if is_sealed: fcntl.fcntl(fd, 1033, 0xF)  # F_ADD_SEALS: SEAL, SHRINK, GROW, WRITE
    return fd


def obey(words):
    if words[0] == "start": start()
    if words[0] == "kill" and child: os.kill(child, getattr(signal, words[1]))
    if words[0] == "list": say(event="stored", names=[name for name, _, _ in store])
    if words[0] == "clear":
        for entry in store[:]: drop(entry)
        say(event="cleared")
    if words[0] == "put": store.append([words[1], memory_file(base64.b64decode("".join(words[3:])), words[2] == "sealed"), False])
    if words[0] == "read":
        content = [os.pread(fd, 1 << 24, 0) for name, fd, _ in store if name.startswith(words[1])]
        say(event="content", text=base64.b64encode(b"".join(content[:1])).decode())
    if words[0] == "take":
        for entry in [one for one in store if one[0].startswith(words[1])]: drop(entry)
    if words[0] == "hold": poller.unregister(receiver)
    if words[0] == "go": poller.register(receiver, select.POLLIN)


def ended():
    global child, watch
    while select.select([receiver], [], [], 0)[0]: receive()
    _, status = os.waitpid(child, 0)
    poller.unregister(watch)
    os.close(watch)
    child = watch = None
    say(event="ended", status=os.waitstatus_to_exitcode(status))


say(event="ready")
rest = b""
while True:
    for fd, events in poller.poll():
        if fd == receiver.fileno(): receive()
        elif fd == watch: ended()
        elif fd == 0:
            data = os.read(0, 65536)
            if not data:
                if child: os.kill(child, signal.SIGKILL)
                sys.exit(0)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines: obey(line.decode().split())
        else:
            for entry in [one for one in store if one[1] == fd and events & (select.POLLHUP | select.POLLERR)]: drop(entry)
