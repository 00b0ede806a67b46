"""The demo's widget: the chat on the site of the demo company, at `/embed/demo/`."""

from accounts.models import Team
from intake.chat.models import ChatWidget


def load_chat() -> None:
    """Write one widget, of the team in which the demo's agent works."""
    ChatWidget.objects.create(
        name="云帆官网",
        origins=["https://www.yunfan.example"],
        team=Team.objects.get(code="platform"),
        greeting="您好，有什么可以帮您？",
        greeting_en="Hello! How can we help?",
    )
