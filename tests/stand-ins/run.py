"""Runs one stand-in on a free port of 127.0.0.1, says which on standard output, and ends with whoever started it.

    python run.py moto|ministack

The starter keeps this process's standard input open: when it is gone, in whatever way, so is the stand-in.
"""

import copy
import os
import socket
import sys
import threading
import time


def end_with_the_starter():
    sys.stdin.buffer.read()
    os._exit(0)


def announce(port):
    print(f"listening on {port}", flush=True)


def copy_once_a_transaction(models):
    """Has moto copy a table once for a transaction, not once for each of its up to 100 items.

    It takes all these copies before it writes anything, so that one is as good as another; but a hundred copies of a
    table with some thousand rows take longer than a client of DynamoDB waits for an answer.
    """
    transact = models.DynamoDBBackend.transact_write_items
    copies = {}

    class Copying:
        @staticmethod
        def deepcopy(thing):
            if not isinstance(thing, models.Table):
                return copy.deepcopy(thing)
            if id(thing) not in copies:
                copies[id(thing)] = copy.deepcopy(thing)
            return copies[id(thing)]

    def transact_write_items(self, transact_items):
        copies.clear()
        try:
            return transact(self, transact_items)
        finally:
            copies.clear()

    models.copy = Copying
    models.DynamoDBBackend.transact_write_items = transact_write_items


def moto():
    from moto.dynamodb import models
    from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    copy_once_a_transaction(models)
    app = DomainDispatcherApplication(create_backend_app)
    turn = threading.Lock()

    def one_at_a_time(environ, start_response):
        # A transaction of moto's DynamoDB copies the tables, and puts the copies back when it fails: whatever other
        # threads wrote meanwhile would be lost. The service isolates transactions; so one request at a time here.
        with turn:
            return list(app(environ, start_response))

    server = make_server(
        "127.0.0.1", 0, one_at_a_time, threaded=True, request_handler=MotoRequestHandler
    )
    os.environ["MOTO_PORT"] = str(server.server_port)
    announce(server.server_port)
    server.serve_forever()


def ministack():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Its listeners for other protocols have fixed ports, which two of them could not share.
    os.environ.update(
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        LOG_LEVEL="WARNING",
    )
    sys.argv = ["ministack"]
    # What it prints is not for the starter, who reads this process's output.
    ours = os.dup(1)
    os.dup2(2, 1)

    def answers():
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    os.write(ours, f"listening on {port}\n".encode())
                    return
            time.sleep(0.05)

    threading.Thread(target=answers, daemon=True).start()
    from ministack.app import main

    main()


if __name__ == "__main__":
    threading.Thread(target=end_with_the_starter, daemon=True).start()
    {"moto": moto, "ministack": ministack}[sys.argv[1]]()
