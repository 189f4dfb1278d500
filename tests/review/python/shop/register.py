import emails
from dbos import DBOS
from emails import send_receipt

receipts = DBOS.workflow()(send_receipt)
reminders = DBOS.workflow(name="remind")(emails.send_reminder)
