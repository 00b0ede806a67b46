"""Write the search tokens of every article anew, after the rules of cutting words have changed."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from knowledge.models import Article
from knowledge.services import reindex


class Command(BaseCommand):
    help = "Write the search tokens of every article anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--missing", action="store_true", help="only articles that have none yet")

    def handle(self, *args: object, **options: bool) -> None:
        articles = Article.objects.with_labels()
        if options["missing"]:
            articles = articles.filter(tokens=None)
        count = articles.count()
        reindex(articles.iterator(chunk_size=200))
        self.stdout.write(f"{count} articles indexed.")
