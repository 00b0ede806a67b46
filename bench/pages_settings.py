"""The product's settings, and one page more: the empty one that shows what session and middleware cost alone."""

from helpdesk.settings import *  # noqa: F403

ROOT_URLCONF = "bench.pages_urls"
