"""People: users who sign in by e-mail, organizations, teams, roles as membership rows, skills, duty, API tokens."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, BigIntegerRangeField, DateTimeRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.permissions import ROLE_CHOICES
from outbox.audited import audited
from outbox.bilingual import BilingualName

#: Whom `accounts.services.people.stand_in` makes has an address that ends so; it cannot exist (RFC 2606).
STAND_INS = "@stand-in.invalid"


@audited()
class Organization(BilingualName):
    """A customer company."""

    class ServiceLevel(models.TextChoices):
        STANDARD = "standard", _("standard")
        KEY_ACCOUNT = "key_account", _("key account")

    domain = models.CharField(_("mail domain"), max_length=120, blank=True)
    service_level = models.CharField(
        _("service level"), max_length=20, choices=ServiceLevel.choices, default=ServiceLevel.STANDARD
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(service_level__in=["standard", "key_account"]), name="organization_level_known"
            ),
            models.UniqueConstraint(Lower("domain"), condition=~Q(domain=""), name="organization_domain_once"),
        ]


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

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    @cached_property
    def grants(self) -> "list[Membership]":
        """This person's memberships with role and team, read once per request."""
        return list(self.memberships.select_related("role", "team"))

    @cached_property
    def permission_codes(self) -> frozenset[str]:
        """Every permission code that any role of this person carries (administrators who are superusers: all)."""
        from accounts.permissions import ALL_CODES

        if not self.is_active:
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
    def is_stand_in(self) -> bool:
        """Whether this stands for something or somebody without an address (`accounts.services.people.stand_in`)."""
        return self.email.endswith(STAND_INS)

    @property
    def is_customer(self) -> bool:
        """True for people who are on the outside: no role that works on tickets."""
        return not self.may("workspace.enter")


@audited()
class Role(BilingualName):
    """A bundle of permission codes. The default roles are rows, so the administrator may change what they carry."""

    code = models.CharField(_("code"), max_length=20, choices=ROLE_CHOICES, unique=True)
    permissions = ArrayField(models.CharField(max_length=60), verbose_name=_("permissions"), default=list, blank=True)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["id"]


@audited()
class Team(BilingualName):
    """A skill group with a lead, a deputy and the team above, which hears of what the lead leaves unanswered."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    lead = models.ForeignKey(
        User, verbose_name=_("lead"), null=True, blank=True, on_delete=models.SET_NULL, related_name="leads"
    )
    deputy = models.ForeignKey(
        User, verbose_name=_("deputy lead"), null=True, blank=True, on_delete=models.SET_NULL, related_name="deputy_of"
    )
    next_level = models.ForeignKey(
        "self",
        verbose_name=_("next level above"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="below",
    )
    is_fallback = models.BooleanField(_("takes what no rule routes"), default=False)
    from_address = models.EmailField(
        _("sender address"), blank=True, help_text=_("Customers read mails as from here; empty: from the house.")
    )
    from_name = models.CharField(_("sender name"), max_length=100, blank=True)
    from_name_en = models.CharField(_("sender name in English"), max_length=100, blank=True)
    signature = models.TextField(
        _("signature"), max_length=1000, blank=True, help_text=_("Stands below every mail to customers of this team.")
    )
    signature_en = models.TextField(_("signature in English"), max_length=1000, blank=True)
    least_present = models.PositiveSmallIntegerField(
        _("people who should be there"),
        default=1,
        help_text=_("The board marks working days on which absences leave fewer."),
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["is_fallback"], condition=Q(is_fallback=True), name="team_one_fallback"),
            models.CheckConstraint(condition=~Q(next_level=F("id")), name="team_not_above_itself"),
        ]

    def clean(self) -> None:
        """Whom the ladder tells must be able to act: lead and deputy hold a role that handles escalations here."""
        errors = {
            name: _("Give this person the role of a lead in this team first; without it they could not act.")
            for name in ("lead", "deputy")
            if getattr(self, f"{name}_id") and not self._handles_escalations(getattr(self, f"{name}_id"))
        }
        if errors:
            raise ValidationError(errors)

    def _handles_escalations(self, user_id: int) -> bool:
        here = Q(team=None) | (Q(team=self) if self.pk else Q())
        handling = Membership.objects.filter(here, role__permissions__contains=["escalation.handle"])
        return handling.filter(user=user_id, user__is_active=True).exists()


@audited()
class Membership(models.Model):
    """Who has which role, in which team (none: everywhere)."""

    user = models.ForeignKey(User, verbose_name=_("user"), on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(
        Team, verbose_name=_("team"), null=True, blank=True, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.ForeignKey(Role, verbose_name=_("role"), on_delete=models.PROTECT, related_name="memberships")

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "team", "role"], name="membership_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role} · {self.team or '—'}"


class Skill(BilingualName):
    """What an agent can be good at; categories ask for one."""

    code = models.SlugField(_("code"), max_length=40, unique=True)

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        ordering = ["name"]


class SkillLevel(models.Model):
    """How good, from 1 (learning) to 5 (teaches others)."""

    user = models.ForeignKey(User, verbose_name=_("user"), on_delete=models.CASCADE, related_name="skill_levels")
    skill = models.ForeignKey(Skill, verbose_name=_("skill"), on_delete=models.CASCADE, related_name="levels")
    level = models.PositiveSmallIntegerField(_("level"))

    class Meta:
        verbose_name = _("skill level")
        verbose_name_plural = _("skill levels")
        constraints = [
            models.UniqueConstraint(fields=["user", "skill"], name="skilllevel_once"),
            models.CheckConstraint(condition=Q(level__range=(1, 5)), name="skilllevel_1_to_5"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.skill} {self.level}"


class Absence(models.Model):
    """Out of office between two instants; nothing is assigned to, and no escalation waits for, who is away."""

    class Reason(models.TextChoices):
        VACATION = "vacation", _("vacation")
        ILLNESS = "illness", _("illness")
        TRAINING = "training", _("training")
        OTHER = "other", pgettext_lazy("absence", "other")

    user = models.ForeignKey(User, verbose_name=_("user"), on_delete=models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices, default=Reason.OTHER)
    note = models.CharField(_("note"), max_length=200, blank=True)
    deputy = models.ForeignKey(
        User, verbose_name=_("deputy"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_by = models.ForeignKey(
        User, verbose_name=_("entered by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="absence_ends_after_start"),
            models.CheckConstraint(
                condition=Q(reason__in=["vacation", "illness", "training", "other"]), name="absence_reason_known"
            ),
            models.CheckConstraint(condition=~Q(deputy=F("user")), name="absence_deputy_is_another"),
            # A range of one id, so that GiST compares people without the extension btree_gist.
            ExclusionConstraint(
                name="absence_one_at_a_time",
                expressions=[
                    (
                        Func("user", "user", Value("[]"), function="int8range", output_field=BigIntegerRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func("starts_at", "ends_at", function="tstzrange", output_field=DateTimeRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message=_("This person is away then already."),
            ),
        ]
        indexes = [models.Index(fields=["user", "ends_at"], name="absence_user_end")]

    def __str__(self) -> str:
        return f"{self.user}: {self.starts_at:%Y-%m-%d} – {self.ends_at:%Y-%m-%d}"


class ApiToken(models.Model):
    """A key for programs: shown once, stored hashed, with scopes and an expiry."""

    user = models.ForeignKey(User, verbose_name=_("user"), on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(_("begins with"), max_length=12)
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("scopes"), default=list)
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
