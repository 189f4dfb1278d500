"""What steps do. The one in `SHOP_HOLD` never ends, so that a process can be killed during it."""

import os
import threading


def work(text):
    if os.environ.get("SHOP_HOLD") == str(text):
        print(f"holds {text}", flush=True)
        threading.Event().wait()
    return text
