"""`register.py` makes workflows of these."""

from dbos import DBOS
from work import work


def send_receipt(to):
    text = DBOS.run_step({"name": "writeReceipt"}, work, to)
    DBOS.run_step({"name": "mail"}, work, f"mail {text}")
    return text


def send_reminder(to):
    DBOS.sleep(0.01)
    DBOS.run_step({"name": "mail"}, work, to)
