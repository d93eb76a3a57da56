"""The signals that end a command in good order."""

import signal


def ending() -> list[signal.Signals]:
    """Ctrl-C, `kill`, and a terminal that closes, unless we were told (as by `nohup`) to outlive it."""
    outlive = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if outlive else [signal.SIGHUP])]


def interrupt_when_ended() -> None:
    """From now on each of them is KeyboardInterrupt, so that every `with` block is left properly."""
    for number in ending():
        signal.signal(number, signal.default_int_handler)
