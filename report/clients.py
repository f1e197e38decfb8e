# Starts a server, lets clients join, and prints threads, memory, mappings and processor time.
# See report/past_one_machine.md. Before it: ulimit -n 4096
import re, socket, subprocess, sys, threading, time, select
server = subprocess.Popen(["target/release/server", "--bind", "127.0.0.1:0"],
                          stdout=subprocess.PIPE, text=True)
address = next(m for line in server.stdout
               if (m := re.match(r"listening on (.*):(\d+)", line)))

def status():
    text = open(f"/proc/{server.pid}/status").read()
    stat = open(f"/proc/{server.pid}/stat").read().split()
    one = lambda key: int(re.search(key + r":\s+(\d+)", text)[1])
    maps = sum(1 for _ in open(f"/proc/{server.pid}/maps"))
    return one("Threads"), one("VmRSS"), maps, (int(stat[13]) + int(stat[14])) / 100

poll, clients = select.epoll(), {}
def read_all():
    while True:
        for number, _ in poll.poll():
            clients[number].recv(65536)
threading.Thread(target=read_all, daemon=True).start()

for i in range(1, 1001):
    client = socket.create_connection((address[1], int(address[2])))
    client.sendall(b'{"join":{"name":"n%d"}}\n' % i)
    clients[client.fileno()] = client
    poll.register(client.fileno(), select.EPOLLIN)
    if i in (100, 250, 500, 1000):
        time.sleep(3)
        print(i, "threads %d, %d kB, %d mappings, %.2f s" % status())
for client in list(clients.values())[:100]:
    client.sendall(b'{"say":{"text":"hello everybody in the room"}}\n')
time.sleep(10)
print("100 lines to all: %.2f s" % status()[3])
server.terminate()
