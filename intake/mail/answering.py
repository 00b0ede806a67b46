"""Which mail of a customer our next mail answers, so that it stands below it in their mail program."""

from intake.models import InboundMail
from outbox.models import Delivery
from outbox.threads import Thread


def wrote_last(delivery: Delivery) -> Thread | None:
    """The last mail that the recipient of ``delivery`` wrote to its ticket; for `outbox.threads`.

    Its subject is not taken over: a From alone vouches for nobody.
    """
    kind, _sep, number = delivery.stream.partition(":")
    if kind != "ticket" or not delivery.address:
        return None
    theirs = InboundMail.objects.filter(
        ticket__number=number, became__isnull=False, sender__iexact=delivery.address
    ).exclude(message_id__startswith="sha256:")
    identity = theirs.order_by("-pk").values_list("message_id", flat=True).first()
    return Thread(answers=f"<{identity}>") if identity else None
