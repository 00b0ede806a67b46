"""Users, who sign in by e-mail, with what they may do by their memberships."""

from typing import TYPE_CHECKING

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.organization import Organization

if TYPE_CHECKING:
    from accounts.models.team import Membership

#: Whom `accounts.services.people.stand_in` makes has an address that ends so: one that cannot exist (RFC 2606).
STAND_INS = "@stand-in.invalid"


class UserManager(BaseUserManager["User"]):
    """Users are found by e-mail, whatever its case."""

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.alias(key=Lower("email")).get(
            key=(email or "").strip().lower()
        )  # the unique index is on lower(email)

    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. A customer who never signed up is a user without a usable password."""

    class AfterSend(models.TextChoices):
        """Where one goes when an answer was sent."""

        STAY = "stay", _("stay here")
        NEXT = "next", _("next ticket")
        QUEUE = "queue", _("back to the queue")

    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(pgettext_lazy("person", "name"), max_length=120)
    title = models.CharField(_("job title"), max_length=120, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    #: The digits alone, by which a caller is found whatever was written between them.
    phone_digits = models.GeneratedField(
        expression=Func(F("phone"), Value("[^0-9]"), Value(""), Value("g"), function="regexp_replace"),
        output_field=models.CharField(max_length=40),
        db_persist=True,
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=[("zh-hans", _("Simplified Chinese")), ("en", _("English"))],
        default="zh-hans",
    )
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True)
    organization = models.ForeignKey(
        Organization,
        verbose_name=_("organization"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="people",
    )
    sees_organization = models.BooleanField(_("sees all tickets of the organization"), default=False)
    capacity = models.PositiveSmallIntegerField(
        _("capacity"), default=10, help_text=_("Open tickets at the same time.")
    )
    on_duty = models.BooleanField(_("on duty"), default=True)
    quiet_from = models.TimeField(
        _("quiet from"),
        null=True,
        blank=True,
        help_text=_("In the person's time zone. Mails about tickets wait until the end; severity S wakes at any time."),
    )
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    queue_columns = ArrayField(
        models.CharField(max_length=20),
        verbose_name=_("columns of the queue"),
        default=list,
        blank=True,
        help_text=_("None: those that everybody has at first."),
    )
    after_send = models.CharField(_("after sending"), max_length=10, choices=AfterSend.choices, default=AfterSend.STAY)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("may enter the administration"), default=False)
    is_service = models.BooleanField(_("service account"), default=False, editable=False)
    date_joined = models.DateTimeField(_("joined"), auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"), name="user_email_once", violation_error_message=_("This e-mail address is taken.")
            ),
            models.CheckConstraint(condition=Q(language__in=["zh-hans", "en"]), name="user_language_known"),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until")),
                name="user_quiet_hours_whole",
                violation_error_message=_("Quiet hours need a beginning and another time as their end."),
            ),
            models.CheckConstraint(
                condition=Q(is_service=False)
                | Q(is_active=False, is_staff=False, is_superuser=False, on_duty=False)
                & Q(password__startswith=UNUSABLE_PASSWORD_PREFIX),
                name="user_service_never_signs_in",
            ),
        ]
        indexes = [
            # The opclass makes it serve `LIKE '138%'`; people without a number take no room in it.
            models.Index(
                fields=["phone_digits"],
                name="user_phone_digits",
                opclasses=["varchar_pattern_ops"],
                condition=~Q(phone=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_stand_in(self) -> bool:
        """Whether this is nobody with an address: a program, or somebody known by a number or id alone."""
        return self.is_service or self.email.endswith(STAND_INS)

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    @property
    def acts(self) -> bool:
        """Whether anything may be done in this name: by an active person, or by the token of a service account.

        A token of one that ended is refused before this is asked.
        """
        return self.is_active or self.is_service

    @cached_property
    def grants(self) -> "list[Membership]":
        """This person's memberships with role and team, read once per request."""
        return list(self.memberships.select_related("role", "team"))

    @cached_property
    def permission_codes(self) -> frozenset[str]:
        """Every permission code that any role of this person carries (administrators who are superusers: all)."""
        from accounts.permissions import ALL_CODES

        if not self.acts:
            return frozenset()
        if self.is_superuser:
            return ALL_CODES
        return frozenset(code for grant in self.grants for code in grant.role.permissions)

    def may(self, code: str) -> bool:
        """Whether any role of this person carries the permission ``code`` (see accounts.permissions)."""
        return code in self.permission_codes

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Django's own permissions are not used: its administration is open as a whole or not at all."""
        return self.may("admin.configure")

    def has_module_perms(self, app_label: str) -> bool:
        """As `has_perm`."""
        return self.may("admin.configure")

    @property
    def role_codes(self) -> frozenset[str]:
        return frozenset(grant.role.code for grant in self.grants)

    def team_ids(self, *roles: str) -> list[int]:
        """The teams in which this person has one of ``roles`` (any role when none is named)."""
        return [g.team_id for g in self.grants if g.team_id and (not roles or g.role.code in roles)]

    @cached_property
    def reach(self) -> list[int]:
        """The teams of `accounts.selectors.teams_in_reach`, read once per request as `grants` are."""
        from accounts.models.team import Team

        own, led = set(self.team_ids()), set(self.team_ids("lead"))
        children: dict[int, list[int]] = {}
        if led:
            for team_id, above in Team.objects.filter(next_level__isnull=False).values_list("id", "next_level_id"):
                children.setdefault(above, []).append(team_id)
        queue = list(led)
        while queue:
            for below in children.get(queue.pop(), []):
                if below not in own:
                    own.add(below)
                    queue.append(below)
        return sorted(own)

    @property
    def is_customer(self) -> bool:
        """True for people who are on the outside: no role that works on tickets."""
        return not self.may("workspace.enter")
