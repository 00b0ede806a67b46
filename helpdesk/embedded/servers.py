"""Both servers together: start what the environment does not name."""

from collections.abc import Callable, Mapping

from helpdesk.embedded.home import Home
from helpdesk.embedded.postgres import Postgres
from helpdesk.embedded.process import clear_leftovers
from helpdesk.embedded.trouble import Trouble
from helpdesk.embedded.valkey import Valkey


class Servers:
    """PostgreSQL unless DATABASE_URL is given, Valkey unless REDIS_URL is given."""

    def __init__(self, home: Home, environ: Mapping[str, str], *, testing: bool = False) -> None:
        self.home = home
        self.postgres = None if environ.get("DATABASE_URL") else Postgres(home, testing=testing)
        self.valkey = None if environ.get("REDIS_URL") else Valkey(home, testing=testing)

    def lock(self) -> None:
        """Take the home, or say who has it; then clear what a killed launcher left."""
        self.home.make()
        if not self.home.lock():
            raise Trouble(
                f"It runs already: process {self.home.holder()} uses {self.home.root}; "
                "stop that one first, or set HELPDESK_HOME and PORT for a second one."
            )
        clear_leftovers(self.home.run)

    def environment(self) -> dict[str, str]:
        """What the environment lacks so that Django and Celery find the embedded servers."""
        found = {}
        if self.postgres:
            found["DATABASE_URL"] = self.postgres.url
        if self.valkey:
            found |= {"REDIS_URL": self.valkey.url, "CELERY_BROKER_URL": self.valkey.broker_url}
        return found

    def start(self, meanwhile: Callable[[], None] | None = None) -> None:
        """Start both side by side, do `meanwhile`, wait for both; if one fails, none stays. The home must be locked."""
        both = [server for server in (self.valkey, self.postgres) if server]
        try:
            for server in both:
                server.start()
            if meanwhile:
                meanwhile()
            for server in both:
                server.wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Valkey first, PostgreSQL last; gives the home back."""
        for server, grace in ((self.valkey, 10), (self.postgres, 30)):
            if server and server.child:
                server.child.ask_to_stop()
                server.child.wait_or_kill(grace)
                server.child = None
        self.home.drop_sockets()
        self.home.unlock()
