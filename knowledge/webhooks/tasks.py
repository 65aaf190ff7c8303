"""The Celery task that sends deliveries on a worker machine; on the embedded profile a thread of the site does."""

from celery import shared_task

from knowledge.webhooks.sending import deliveries_run_alone


@shared_task(name="knowledge.webhooks.send", ignore_result=True)
def deliveries_send() -> int:
    """Send what is due; how many attempts."""
    return deliveries_run_alone()
