"""The program of a process of `process_pool`: it loads its model, and answers what it is sent."""

from __future__ import annotations

import json
import os
import threading
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from queue import SimpleQueue

from ..data.record import Record
from ..errors import EvaluationError
from .base import Task, Worker, WorkerFactory

# First bytes of messages to the pool: the model is open; a record's line; what failed, as JSON.
OPENED, RECORD, FAILED = b"o", b"r", b"f"


def main(handle: int) -> None:
    """Serve the pool at the other end of the connection with this *handle*."""
    os.set_inheritable(handle, False)  # or programs that a plug-in starts would hold it open
    connection, inbox = Connection(handle), SimpleQueue[bytes]()
    threading.Thread(target=_receive, args=(connection, inbox), daemon=True).start()
    try:
        open_worker: WorkerFactory = ForkingPickler.loads(inbox.get())
        worker = open_worker()
        connection.send_bytes(OPENED)
        while True:
            for task in ForkingPickler.loads(inbox.get()):
                connection.send_bytes(RECORD + _answer(worker, task))
    except BaseException as exc:  # noqa: BLE001 - it is raised again in the pool's process
        about = {"name": type(exc).__name__, "message": str(exc)}
        connection.send_bytes(FAILED + json.dumps(about).encode())


def _receive(connection: Connection, inbox: SimpleQueue[bytes]) -> None:
    """Fill *inbox*; end this process at once when the pool closes the connection, or dies."""
    try:
        while True:
            inbox.put(connection.recv_bytes())
    except (EOFError, OSError):
        os._exit(0)


def _answer(worker: Worker, task: Task) -> bytes:
    """The line of the task's record; of an error, if it cannot be written."""
    record = worker.answer(task)
    try:
        return record.line().encode()
    except EvaluationError as exc:
        return Record(task.sample.id, task.variant, "error", error=str(exc)).line().encode()
